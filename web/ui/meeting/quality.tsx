/** How good our own connection is: a sign, and the figures for whoever asks. */
import { gradeOf } from '../../media/quality.ts';
import type { Inside } from '../../state/meeting.ts';
import { useStore } from '../hooks.ts';
import { type Key, decimal, t } from '../i18n.ts';
import { Pop } from '../parts/menu.tsx';
import type { Session } from '../session/session.ts';

const WORDS: Record<ReturnType<typeof gradeOf>, Key> = {
	good: 'quality.good', fair: 'quality.fair', poor: 'quality.poor', unknown: 'quality.unknown',
};

export function QualitySign({ session, inside, open }: { session: Session; inside: Inside; open: number }) {
	const figures = useStore(session.figures);
	const grade = inside.media === 'up' ? gradeOf(figures) : 'unknown';
	const bars = grade === 'good' ? 3 : grade === 'fair' ? 2 : grade === 'poor' ? 1 : 0;
	const sign = (
		<svg class={`bars ${grade}`} width="20" height="20" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
			{[0, 1, 2].map((i) => (
				<rect key={i} x={3 + i * 5.5} y={12 - i * 4} width="3.5" height={5 + i * 4} rx="1" class={i < bars ? 'lit' : undefined} />
			))}
		</svg>
	);
	const via = inside.via === 'tcp' ? t('quality.tcp') : inside.via === 'udp6' ? 'UDP, IPv6' : inside.via === 'udp4' ? 'UDP, IPv4'
		: figures?.protocol.toUpperCase() ?? '';
	const row = (name: string, value: string | null) => value && <div><dt>{name}</dt><dd>{value}</dd></div>;
	const percent = (share: number | null | undefined) => (share === null || share === undefined ? null : `${decimal(share * 100, 1)} %`);
	return (
		<Pop name={t('quality.name', { grade: t(WORDS[grade]) })} icon="info" content={sign} open={open} testId="quality">
			{() => (
				<div class="figures" tabIndex={-1}>
					<h2>{t('quality.title')}</h2>
					<p>{t(WORDS[grade])}</p>
					<dl>
						{row(t('quality.via'), via)}
						{row(t('quality.rtt'), figures?.rttMs === null || !figures ? null : `${decimal(figures.rttMs, 0)} ms`)}
						{row(t('quality.jitter'), figures?.jitterMs === null || !figures ? null : `${decimal(figures.jitterMs, 0)} ms`)}
						{row(t('quality.loss_in'), percent(figures?.lossIn))}
						{row(t('quality.loss_out'), percent(figures?.lossOut))}
						{row(t('quality.rate_in'), figures && `${decimal(figures.kbitIn, 0)} kbit/s`)}
						{row(t('quality.rate_out'), figures && `${decimal(figures.kbitOut, 0)} kbit/s`)}
						{row(t('quality.sent'), figures?.sent ? `${figures.sent.width}×${figures.sent.height}, ${figures.sent.fps} fps` : null)}
					</dl>
				</div>
			)}
		</Pop>
	);
}

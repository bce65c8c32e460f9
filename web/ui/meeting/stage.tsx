/** The pictures, filling the space: all equal, or one large with a strip. Tells the session what is seen and how large. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Link } from '../../media/link.ts';
import { gridOf, pageSize, stripSize } from '../../state/layout.ts';
import type { Inside } from '../../state/meeting.ts';
import { type Stage, stageOf, viewOf } from '../../state/stage.ts';
import { useSize } from '../hooks.ts';
import { t } from '../i18n.ts';
import { IconButton } from '../parts/button.tsx';
import type { Session } from '../session/session.ts';
import { ScreenTile, Tile } from './tile.tsx';

const GAP = 8;

interface StageProps {
	readonly session: Session;
	readonly inside: Inside;
	readonly link: Link | null;
}

export function StageView({ session, inside, link }: StageProps) {
	const [ref, size] = useSize<HTMLDivElement>();
	const visible = useVisible();
	const side = size.width > size.height * 1.25;
	const strip = side ? Math.min(220, Math.max(120, size.width * 0.18)) : Math.min(120, Math.max(72, size.height * 0.18));
	const stripTile = side ? { width: strip, height: strip * 9 / 16 } : { width: strip * 4 / 3, height: strip };
	const perGrid = pageSize(size.width, size.height, GAP);
	const perStrip = side ? stripSize(size.height, stripTile.height, GAP) : stripSize(size.width, stripTile.width, GAP);

	// Whether there is a large one does not hang on the page size, so ask once and lay out by the answer.
	const large = stageOf(inside, perGrid).large !== null;
	const stage = stageOf(inside, Math.min(25, large ? perStrip : perGrid));
	const grid = gridOf(stage.tiles.length, size.width, size.height, GAP);

	useTellView(session, inside, stage, ref, visible, size.width * 10_000 + size.height);

	return (
		<section ref={ref} class={`stage ${large ? `with-large ${side ? 'side' : 'below'}` : 'grid'}`} aria-label={t('meeting.stage')}
			data-testid="stage" data-layout={large ? 'large' : 'grid'}>
			{size.width > 0 && stage.large && (
				<div class="stage-large">
					{stage.large.kind === 'screen'
						? <ScreenTile session={session} inside={inside} link={link} number={stage.large.number} />
						: <Tile key={`large-${stage.large.number}`} session={session} inside={inside} link={link} number={stage.large.number} large />}
				</div>
			)}
			{size.width > 0 && (
				<div class={large ? 'stage-strip' : 'stage-grid'}>
					{stage.tiles.map((number) => (
						<Tile key={number} session={session} inside={inside} link={link} number={number}
							width={large ? Math.floor(stripTile.width) : grid.tileWidth} height={large ? Math.floor(stripTile.height) : grid.tileHeight} />
					))}
				</div>
			)}
			{stage.pages > 1 && (
				<nav class="pager" aria-label={t('meeting.pages')}
					style={large && !side ? { bottom: `${Math.round(strip + GAP * 2)}px` } : undefined}>
					<IconButton icon="left" name={t('meeting.page_before')} onClick={() => session.step({ do: 'page', page: stage.page - 1 })} />
					<span>{t('meeting.page', { page: stage.page + 1, count: stage.pages })}</span>
					<IconButton icon="right" name={t('meeting.page_next')}
						onClick={() => session.step({ do: 'page', page: Math.min(stage.pages - 1, stage.page + 1) })} />
				</nav>
			)}
		</section>
	);
}

/** A hidden page wants no pictures; its sound goes on. */
function useVisible(): boolean {
	const [visible, setVisible] = useState(document.visibilityState !== 'hidden');
	useEffect(() => {
		const changed = () => setVisible(document.visibilityState !== 'hidden');
		document.addEventListener('visibilitychange', changed);
		return () => document.removeEventListener('visibilitychange', changed);
	}, []);
	return visible;
}

function useTellView(
	session: Session, inside: Inside, stage: Stage, ref: { readonly current: HTMLElement | null }, visible: boolean, size: number,
): void {
	const key = JSON.stringify([stage, inside.seats, inside.seatKinds, inside.pinned, visible, size,
		inside.roster.map((m) => [m.number, m.camera, m.screen])]);
	const last = useRef('');
	useLayoutEffect(() => {
		if (key === last.current)
			return;
		last.current = key;
		const shown = new Map<number, number>();
		let screen = 0;
		for (const tile of ref.current?.querySelectorAll<HTMLElement>('[data-testid=tile]') ?? []) {
			const height = visible ? tile.clientHeight * devicePixelRatio : 0;
			if (tile.dataset['source'] === 'screen')
				screen = height;
			else
				shown.set(Number(tile.dataset['number']), height);
		}
		session.show(viewOf(inside, stage, shown, screen));
	}, [key]);
}

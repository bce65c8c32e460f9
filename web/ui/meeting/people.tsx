/** Everybody in the meeting, and what a host may do. */
import { useState } from 'preact/hooks';
import type { Member } from '../../protocol/messages.ts';
import { type Inside, type RoomInfo, handsUp } from '../../state/meeting.ts';
import { initials, tint } from '../../state/text.ts';
import { t, tn } from '../i18n.ts';
import { Button, IconButton, copyText } from '../parts/button.tsx';
import { Icon } from '../parts/icon.tsx';
import { Item, Pop } from '../parts/menu.tsx';
import type { Session } from '../session/session.ts';
import { closePanel } from './panel.ts';
import { RemovePerson } from './remove.tsx';

interface PeopleProps {
	readonly session: Session;
	readonly room: RoomInfo;
	readonly inside: Inside;
}

export function PeoplePanel({ session, room, inside }: PeopleProps) {
	const [remove, setRemove] = useState<Member | null>(null);
	const hands = handsUp(inside);
	const rest = inside.roster.filter((m) => m.hand === 0)
		.sort((a, b) => rank(a, inside) - rank(b, inside) || a.name.localeCompare(b.name, 'vi'));
	return (
		<aside class="panel" aria-labelledby="people-title" data-testid="people-panel">
			<header>
				<h2 id="people-title">{tn('people.count', inside.roster.length)}</h2>
				<IconButton icon="close" name={t('common.close')} onClick={() => closePanel(session, 'people')} />
			</header>
			<div class="panel-acts">
				<Button icon="copy" onClick={() => copyText(t('rooms.invitation', { title: room.title, url: location.origin + location.pathname }),
					t('rooms.invitation_copied'))}>{t('rooms.invite')}</Button>
				{room.host && (
					<Button icon={inside.locked ? 'unlock' : 'lock'} testId="lock"
						onClick={() => session.tell('lock', { locked: !inside.locked })}>
						{inside.locked ? t('host.unlock') : t('host.lock')}
					</Button>
				)}
			</div>
			<ul class="roster" data-testid="roster">
				{[...hands, ...rest].map((member) => (
					<Row key={member.number} member={member} session={session} room={room} inside={inside} onRemove={() => setRemove(member)} />
				))}
			</ul>
			{remove && <RemovePerson session={session} member={remove} onClose={() => setRemove(null)} />}
		</aside>
	);
}

function rank(member: Member, inside: Inside): number {
	return member.number === inside.number ? 0 : member.host ? 1 : 2;
}

interface RowProps extends PeopleProps {
	readonly member: Member;
	readonly onRemove: () => void;
}

function Row({ member, session, room, inside, onRemove }: RowProps) {
	const self = member.number === inside.number;
	return (
		<li data-testid="roster-row" data-number={member.number} class={member.away ? 'away' : undefined}>
			<span class={`face small tint-${tint(member.number, 8)}`} aria-hidden="true">{initials(member.name)}</span>
			<span class="roster-name">
				<span data-testid="roster-name">{member.name}</span>
				<span class="roster-marks">
					{self && <span class="badge">{t('badge.you')}</span>}
					{member.host && <span class="badge host">{t('badge.host')}</span>}
					{member.guest && <span class="badge guest">{t('badge.guest')}</span>}
					{member.device && <span class="badge" data-testid="device-badge">{t('badge.device')}</span>}
					{member.away && <span class="badge">{t('tile.away')}</span>}
				</span>
			</span>
			{member.hand > 0 && <span class="roster-sign hand" role="img" aria-label={t('tile.hand')}><Icon name="hand" size={18} /></span>}
			{member.screen && <span class="roster-sign" role="img" aria-label={t('roster.shares')}><Icon name="screen" size={18} /></span>}
			<span class={`roster-sign${inside.speaking.includes(member.number) ? ' speaking' : ''}`} role="img"
				aria-label={member.mic ? t('roster.mic_on') : t('tile.muted')}>
				<Icon name={member.mic ? 'mic' : 'micOff'} size={18} />
			</span>
			<span class="roster-sign" role="img" aria-label={member.camera ? t('roster.camera_on') : t('tile.no_camera')}>
				<Icon name={member.camera ? 'camera' : 'cameraOff'} size={18} />
			</span>
			{self ? <span class="roster-gap" /> : (
				<Pop name={t('roster.more', { name: member.name })} icon="dots" menu size={18} testId="roster-more">
					{(close) => <Acts member={member} session={session} room={room} inside={inside} onRemove={onRemove} close={close} />}
				</Pop>
			)}
		</li>
	);
}

function Acts({ member, session, room, inside, onRemove, close }: RowProps & { close: () => void }) {
	const { number } = member;
	const then = (work: () => void) => () => {
		close();
		work();
	};
	const pinned = inside.pinned === number;
	return (
		<>
			<Item icon={pinned ? 'unpin' : 'pin'} onClick={then(() => session.step({ do: 'pin', number }))}>
				{pinned ? t('roster.unpin') : t('roster.pin')}
			</Item>
			{room.host && (
				<>
					{member.hand > 0 && <Item icon="hand" onClick={then(() => session.tell('lower_hand', { number }))}>{t('host.lower_hand')}</Item>}
					{member.blocked.includes('mic')
						? <Item icon="mic" testId="host-allow-mic" onClick={then(() => session.tell('allow', { number, source: 'mic' }))}>{t('host.allow_mic')}</Item>
						: <Item icon="micOff" testId="host-mute" onClick={then(() => session.tell('mute', { number }))}>{t('host.mute')}</Item>}
					{member.blocked.includes('camera')
						? <Item icon="camera" onClick={then(() => session.tell('allow', { number, source: 'camera' }))}>{t('host.allow_camera')}</Item>
						: <Item icon="cameraOff" onClick={then(() => session.tell('stop_camera', { number }))}>{t('host.stop_camera')}</Item>}
					{member.blocked.includes('screen')
						? <Item icon="screen" onClick={then(() => session.tell('allow', { number, source: 'screen' }))}>{t('host.allow_screen')}</Item>
						: <Item icon="screenOff" onClick={then(() => session.tell('stop_share', { number }))}>{t('host.stop_share')}</Item>}
					<Item icon="remove" danger testId="host-remove" onClick={then(onRemove)}>{t('host.remove')}</Item>
				</>
			)}
		</>
	);
}

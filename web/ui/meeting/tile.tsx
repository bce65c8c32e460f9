/** One person on the stage. */
import type { Link } from '../../media/link.ts';
import { type Inside, memberOf, seatOf, seatProven } from '../../state/meeting.ts';
import { initials, tint } from '../../state/text.ts';
import { useStore } from '../hooks.ts';
import { t } from '../i18n.ts';
import { IconButton } from '../parts/button.tsx';
import { Icon } from '../parts/icon.tsx';
import type { Session } from '../session/session.ts';
import { Camera, SeatVideo } from './video.tsx';

interface TileProps {
	readonly session: Session;
	readonly inside: Inside;
	readonly link: Link | null;
	readonly number: number;
	readonly width?: number;
	readonly height?: number;
	readonly large?: boolean;
}

export function Tile({ session, inside, link, number, width, height, large }: TileProps) {
	const member = memberOf(inside, number);
	const local = useStore(session.local.state);
	if (!member)
		return null;
	const self = number === inside.number;
	const index = self ? -1 : seatOf(inside, number, 'person');
	const seat = index >= 0 ? link?.seats[index] : undefined;
	// The one rule of names and faces: until the packets say whose they are, there is no picture under this name.
	const shown = member.camera && !member.away && seatProven(inside, index);
	const picture = self ? local.camera.track !== null : shown;
	const pinned = inside.pinned === number;
	const marks = [
		'tile', large && 'large', inside.speaking.includes(number) && 'speaking', member.away && 'away', picture && 'has-picture',
	].filter(Boolean).join(' ');
	return (
		<article class={marks} style={width && height ? { width: `${width}px`, height: `${height}px` } : undefined}
			aria-label={label(member, self)} data-testid="tile" data-source="camera" data-number={number} data-seat={index} data-self={self ? '' : undefined}
			data-shown={picture}>
			{!picture && <span class={`face tint-${tint(number, 8)}`} aria-hidden="true">{initials(member.name)}</span>}
			{self && local.camera.track && <Camera track={local.camera.track} mirrored />}
			{seat && <SeatVideo key={index} stream={seat.stream} shown={shown} onPicture={() => session.pictured(index)} contain={large === true} />}
			{member.away && <span class="tile-away"><Icon name="offline" size={16} />{t('tile.away')}</span>}
			<footer class="tile-foot">
				{!member.mic && <span class="tile-mic" title={t('tile.muted')}><Icon name="micOff" size={14} /></span>}
				<span class="tile-name" data-testid="tile-name">{member.name}</span>
				{self && <span class="badge">{t('badge.you')}</span>}
				{member.guest && <span class="badge guest">{t('badge.guest')}</span>}
				{member.device && <span class="badge">{t('badge.device')}</span>}
			</footer>
			{member.hand > 0 && <span class="tile-hand" title={t('tile.hand')}><Icon name="hand" size={18} /></span>}
			{!self && (
				<span class="tile-acts">
					<IconButton icon={pinned ? 'unpin' : 'pin'} kind="on-picture" size={18} pressed={pinned} name={t('tile.pin', { name: member.name })}
						hint={pinned ? t('tile.unpin', { name: member.name }) : t('tile.pin', { name: member.name })}
						onClick={() => session.step({ do: 'pin', number })} testId="pin" />
				</span>
			)}
			{pinned && <span class="tile-pinned" aria-hidden="true"><Icon name="pin" size={14} /></span>}
		</article>
	);
}

function label(member: { name: string; guest: boolean; device?: string | undefined; mic: boolean; camera: boolean; hand: number; away: boolean }, self: boolean): string {
	return [
		member.name, self && t('badge.you'), member.guest && t('badge.guest'), member.device && t('badge.device'), member.away && t('tile.away'), !member.mic && t('tile.muted'),
		!member.camera && t('tile.no_camera'), member.hand > 0 && t('tile.hand'),
	].filter(Boolean).join(', ');
}

/** A shared screen: ours is only said, never shown to ourselves in itself. */
export function ScreenTile({ session, inside, link, number }: { session: Session; inside: Inside; link: Link | null; number: number }) {
	const member = memberOf(inside, number);
	const index = seatOf(inside, number, 'screen');
	const seat = index >= 0 ? link?.seats[index] : undefined;
	if (!member || !seat)
		return null;
	const shown = seatProven(inside, index);
	return (
		<article class="tile screen large" aria-label={t('tile.screen_of', { name: member.name })} data-testid="tile" data-source="screen"
			data-number={number} data-seat={index} data-shown={shown}>
			<SeatVideo stream={seat.stream} shown={shown} onPicture={() => session.pictured(index)} contain />
			{!shown && <span class="spinner big" />}
			<footer class="tile-foot">
				<Icon name="screen" size={14} />
				<span class="tile-name" data-testid="tile-name">{t('tile.screen_of', { name: member.name })}</span>
			</footer>
		</article>
	);
}

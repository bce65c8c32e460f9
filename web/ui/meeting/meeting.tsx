/** The meeting: its bar, the stage, a panel beside it, the controls, and the keyboard. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Inside, type RoomInfo, handsUp, memberOf } from '../../state/meeting.ts';
import { type Command, commandOf } from '../../state/shortcuts.ts';
import { duration } from '../../state/text.ts';
import { deviceText } from '../errors.ts';
import { useScreen, useStore, useTick } from '../hooks.ts';
import { t, tn } from '../i18n.ts';
import { say, speak } from '../notices.ts';
import { Button, copyText } from '../parts/button.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { Mark } from '../parts/drum.tsx';
import { Icon } from '../parts/icon.tsx';
import { LanguageAndTheme, LanguageSwitch } from '../parts/settings.tsx';
import { prefs } from '../session/prefs.ts';
import type { Session } from '../session/session.ts';
import { ChatPanel } from './chat.tsx';
import { type Acts, Controls } from './controls.tsx';
import { Choosers } from './choosers.tsx';
import { Help } from './help.tsx';
import { PeoplePanel } from './people.tsx';
import { QualitySign } from './quality.tsx';
import { StageView } from './stage.tsx';
import { Sounds } from './video.tsx';

interface MeetingProps {
	readonly session: Session;
	readonly room: RoomInfo;
	readonly inside: Inside;
	readonly id: string;
}

type Open = 'none' | 'help' | 'settings' | 'end' | 'leave';

export function MeetingScreen({ session, room, inside, id }: MeetingProps) {
	useScreen('meeting', room.title);
	const link = useStore(session.link);
	const [open, setOpen] = useState<Open>('none');
	const [figures, setFigures] = useState(0);
	const acts: Acts = {
		toggleHand: () => session.tell('hand', { up: (memberOf(inside, inside.number)?.hand ?? 0) === 0 }),
		toggleLayout: () => {
			const layout = inside.layout === 'grid' ? 'speaker' : 'grid';
			session.step({ do: 'layout', layout });
			speak(layout === 'grid' ? t('control.layout_grid') : t('control.layout_speaker'));
		},
		toggleFullscreen: () => {
			const change = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
			change.catch(() => undefined);
		},
		leave: () => session.leave(),
		end: () => setOpen('end'),
		help: () => setOpen('help'),
		settings: () => setOpen('settings'),
	};
	useKeyboard(session, inside, acts, () => setFigures((n) => n + 1), open === 'none', () => setOpen('leave'));
	useOwnTroubles(session);
	useWakeLock();
	useOutOfFullscreen();

	return (
		<div class={`meeting${inside.panel === 'none' ? '' : ' with-panel'}`} data-room={id} data-number={inside.number} data-media={inside.media}
			data-signal={inside.signal} data-via={inside.via}>
			<header class="meeting-bar">
				<Mark size={22} />
				<h1 data-testid="meeting-title">{room.title}</h1>
				{inside.locked && <span class="bar-sign" role="img" aria-label={t('meeting.locked')} title={t('meeting.locked')}><Icon name="lock" size={16} /></span>}
				<span class="bar-gap" />
				<Hands inside={inside} />
				<Clock inside={inside} />
				<LanguageSwitch />
				<QualitySign session={session} inside={inside} open={figures} />
			</header>
			<Banner session={session} room={room} inside={inside} />
			<main class="meeting-main">
				<StageView session={session} inside={inside} link={link} />
				{inside.panel === 'people' && <PeoplePanel session={session} room={room} inside={inside} />}
				{inside.panel === 'chat' && <ChatPanel session={session} inside={inside} />}
			</main>
			<Controls session={session} room={room} inside={inside} acts={acts} />
			{link && <Sounds link={link} seats={inside.seats} />}

			{open === 'help' && <Help onClose={() => setOpen('none')} />}
			{open === 'settings' && (
				<Dialog title={t('settings.title')} onClose={() => setOpen('none')}>
					<div class="stack"><Choosers session={session} /><LanguageAndTheme /></div>
				</Dialog>
			)}
			{open === 'end' && (
				<Confirm title={t('host.end_title')} text={t('host.end_text')} yes={t('host.end')} onClose={() => setOpen('none')}
					onYes={() => session.tell('end')} />
			)}
			{open === 'leave' && (
				<Confirm title={t('control.leave')} text={t('meeting.leave_text')} yes={t('control.leave')} onClose={() => setOpen('none')}
					onYes={acts.leave} />
			)}
		</div>
	);
}

function Clock({ inside }: { inside: Inside }) {
	useTick(1000);
	const since = memberOf(inside, inside.number)?.since ?? 0;
	return <time class="clock" aria-hidden="true">{since > 0 ? duration(Date.now() / 1000 - since) : ''}</time>;
}

function Hands({ inside }: { inside: Inside }) {
	const hands = handsUp(inside);
	const first = hands[0];
	if (!first)
		return null;
	return (
		<span class="hands" data-testid="hands">
			<Icon name="hand" size={16} />
			<span>{hands.length === 1 ? first.name : tn('meeting.hands', hands.length)}</span>
		</span>
	);
}

/** One line over the stage when something is not as it should be. */
function Banner({ session, room, inside }: { session: Session; room: RoomInfo; inside: Inside }) {
	const { screen } = useStore(session.local.state);
	const nobody = inside.roster.length === 1;
	if (inside.signal === 'lost')
		return <p class="banner warn" role="status" data-testid="reconnecting"><span class="spinner" />{t('meeting.reconnecting')}</p>;
	if (inside.media === 'stuck')
		return <p class="banner warn" role="status" data-testid="media-stuck"><Icon name="alert" size={18} />{t('meeting.media_stuck')}</p>;
	if (inside.media === 'lost')
		return <p class="banner warn" role="status" data-testid="media-lost"><span class="spinner" />{t('meeting.media_lost')}</p>;
	if (screen.track)
		return (
			<p class="banner share" data-testid="sharing">
				<Icon name="screen" size={18} /><span>{t('meeting.sharing')}</span>
				<Button kind="danger" onClick={() => session.setScreen(false)}>{t('control.screen_off')}</Button>
			</p>
		);
	if (!nobody)
		return null;
	if (inside.media !== 'up')
		return <p class="banner" role="status"><span class="spinner" />{t('meeting.connecting')}</p>;
	return (
		<p class="banner share">
			<span>{t('meeting.alone')}</span>
			<Button icon="copy" onClick={() => copyText(t('rooms.invitation', { title: room.title, url: location.origin + location.pathname }),
				t('rooms.invitation_copied'))}>{t('rooms.invite')}</Button>
		</p>
	);
}

function useKeyboard(
	session: Session, inside: Inside, acts: Acts, figures: () => void, listening: boolean, askLeave: () => void,
): void {
	const now = useRef({ inside, acts, figures, listening, askLeave });
	now.current = { inside, acts, figures, listening, askLeave };
	useEffect(() => {
		let talking = false;
		const down = (event: KeyboardEvent) => {
			const { listening: on } = now.current;
			if (!on || event.repeat)
				return;
			const target = event.target instanceof HTMLElement ? event.target : null;
			const command = commandOf({
				key: event.key, ctrlKey: event.ctrlKey, altKey: event.altKey, metaKey: event.metaKey,
				typing: target !== null && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)),
				onControl: target !== null && target.closest('button, a, summary, [role=menu]') !== null,
			}, prefs.get().shortcuts);
			if (!command)
				return;
			event.preventDefault();
			if (command === 'talk') {
				if (!session.local.own().mic) {
					talking = true;
					session.setMic(true);
				}
				return;
			}
			run(command, session, now.current);
		};
		const up = (event: KeyboardEvent) => {
			if (talking && event.key === ' ') {
				talking = false;
				session.setMic(false);
			}
		};
		addEventListener('keydown', down);
		addEventListener('keyup', up);
		return () => {
			removeEventListener('keydown', down);
			removeEventListener('keyup', up);
		};
	}, [session]);
}

function run(
	command: Exclude<Command, 'talk'>, session: Session,
	{ inside, acts, figures, askLeave }: { inside: Inside; acts: Acts; figures: () => void; askLeave: () => void },
): void {
	const own = session.local.own();
	switch (command) {
	case 'mic':
		session.setMic(!own.mic);
		speak(own.mic ? t('say.own_mic_off') : t('say.own_mic_on'));
		break;
	case 'camera':
		session.setCamera(!own.camera);
		speak(own.camera ? t('say.own_camera_off') : t('say.own_camera_on'));
		break;
	case 'screen':
		session.setScreen(!own.screen);
		break;
	case 'hand':
		acts.toggleHand();
		break;
	case 'chat':
	case 'people':
		session.step({ do: 'panel', panel: command });
		break;
	case 'layout':
		acts.toggleLayout();
		break;
	case 'unpin':
		if (inside.pinned)
			session.step({ do: 'pin', number: inside.pinned });
		break;
	case 'next':
		session.step({ do: 'page', page: inside.page + 1 });
		break;
	case 'previous':
		session.step({ do: 'page', page: inside.page - 1 });
		break;
	case 'fullscreen':
		acts.toggleFullscreen();
		break;
	case 'figures':
		figures();
		break;
	case 'leave':
		askLeave();
		break;
	case 'help':
		acts.help();
		break;
	}
}

/** A device that fails while the meeting goes on is said once. */
function useOwnTroubles(session: Session): void {
	const { mic, camera, screen } = useStore(session.local.state);
	useEffect(() => {
		if (mic.trouble)
			say(deviceText('mic', mic.trouble));
	}, [mic.trouble]);
	useEffect(() => {
		if (camera.trouble)
			say(deviceText('camera', camera.trouble));
	}, [camera.trouble]);
	useEffect(() => {
		if (screen.trouble)
			say(deviceText('screen', screen.trouble));
	}, [screen.trouble]);
}

/** A phone that dims in the middle of a meeting is a nuisance. */
function useWakeLock(): void {
	useEffect(() => {
		let lock: WakeLockSentinel | null = null;
		let gone = false;
		const take = () => {
			if (document.visibilityState === 'visible' && 'wakeLock' in navigator)
				navigator.wakeLock.request('screen').then((got) => {
					if (gone)
						got.release();
					else
						lock = got;
				}, () => undefined);
		};
		take();
		document.addEventListener('visibilitychange', take);
		return () => {
			gone = true;
			document.removeEventListener('visibilitychange', take);
			lock?.release().catch(() => undefined);
		};
	}, []);
}

/** Full screen ends with the meeting. */
function useOutOfFullscreen(): void {
	useEffect(() => () => {
		if (document.fullscreenElement)
			document.exitFullscreen().catch(() => undefined);
	}, []);
}


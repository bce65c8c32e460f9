/** The bar at the foot of the meeting. On a narrow screen what is seldom needed moves into "more". */
import { canShareScreen } from '../../media/devices.ts';
import { type Inside, type RoomInfo, memberOf } from '../../state/meeting.ts';
import { deviceText } from '../errors.ts';
import { useMatch, useStore } from '../hooks.ts';
import { t } from '../i18n.ts';
import { Alert } from '../parts/field.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';
import { Item, Pop } from '../parts/menu.tsx';
import type { Session } from '../session/session.ts';
import { CameraChooser, MicChooser, SpeakerChooser } from './choosers.tsx';

export interface Acts {
	readonly toggleHand: () => void;
	readonly toggleLayout: () => void;
	readonly toggleFullscreen: () => void;
	readonly leave: () => void;
	readonly end: () => void;
	readonly help: () => void;
	readonly settings: () => void;
}

interface ControlsProps {
	readonly session: Session;
	readonly room: RoomInfo;
	readonly inside: Inside;
	readonly acts: Acts;
}

export function Controls({ session, room, inside, acts }: ControlsProps) {
	const { mic, camera, screen } = useStore(session.local.state);
	const narrow = useMatch('(max-width: 719px)');
	const hand = (memberOf(inside, inside.number)?.hand ?? 0) > 0;
	return (
		<footer class="controls" aria-label={t('control.bar')}>
			<div class="split">
				<Control icon={mic.track ? 'mic' : 'micOff'} off={!mic.track} busy={mic.opening} pressed={mic.track !== null} testId="mic"
					name={mic.track ? t('control.mic_off') : t('control.mic_on')} label={t('control.mic')} onClick={() => session.setMic(!mic.track)} />
				<Pop name={t('control.mic_more')} icon="up" kind="split-more" size={16} testId="mic-devices">
					{() => <div class="stack">
						{mic.trouble && <Alert>{deviceText('mic', mic.trouble)}</Alert>}
						<MicChooser session={session} /><SpeakerChooser session={session} />
					</div>}
				</Pop>
			</div>
			<div class="split">
				<Control icon={camera.track ? 'camera' : 'cameraOff'} off={!camera.track} busy={camera.opening} pressed={camera.track !== null}
					testId="camera" name={camera.track ? t('control.camera_off') : t('control.camera_on')} label={t('control.camera')}
					onClick={() => session.setCamera(!camera.track)} />
				<Pop name={t('control.camera_more')} icon="up" kind="split-more" size={16} testId="camera-devices">
					{() => <div class="stack">
						{camera.trouble && <Alert>{deviceText('camera', camera.trouble)}</Alert>}
						<CameraChooser session={session} />
					</div>}
				</Pop>
			</div>
			{canShareScreen() && !narrow && (
				<Control icon={screen.track ? 'screenOff' : 'screen'} on={screen.track !== null} busy={screen.opening} pressed={screen.track !== null}
					testId="screen" name={screen.track ? t('control.screen_off') : t('control.screen_on')} label={t('control.screen')}
					onClick={() => session.setScreen(!screen.track)} />
			)}
			<Control icon="hand" on={hand} pressed={hand} name={hand ? t('control.hand_down') : t('control.hand_up')} label={t('control.hand')}
				onClick={acts.toggleHand} testId="hand" />
			<Control icon="chat" on={inside.panel === 'chat'} pressed={inside.panel === 'chat'} name={t('control.chat')} label={t('control.chat')}
				count={inside.unread} onClick={() => session.step({ do: 'panel', panel: 'chat' })} testId="chat-open" />
			{!narrow && (
				<Control icon="people" on={inside.panel === 'people'} pressed={inside.panel === 'people'} name={t('control.people')}
					label={t('control.people')} onClick={() => session.step({ do: 'panel', panel: 'people' })} testId="people-open" />
			)}
			<Pop name={t('control.more')} icon="more" kind="control" label={t('control.more')} menu testId="more">
				{(close) => {
					const full = document.fullscreenElement !== null;
					const then = (work: () => void) => () => {
						close();
						work();
					};
					return (
						<>
							{narrow && <Item icon="people" testId="people-open" onClick={then(() => session.step({ do: 'panel', panel: 'people' }))}>
								{t('control.people')}
							</Item>}
							{narrow && canShareScreen() && (
								<Item icon="screen" testId="screen" onClick={then(() => session.setScreen(!screen.track))}>
									{screen.track ? t('control.screen_off') : t('control.screen_on')}
								</Item>
							)}
							<Item icon={inside.layout === 'grid' ? 'speaker' : 'grid'} testId="layout" onClick={then(acts.toggleLayout)}>
								{inside.layout === 'grid' ? t('control.layout_speaker') : t('control.layout_grid')}
							</Item>
							{document.fullscreenEnabled && (
								<Item icon={full ? 'minimize' : 'maximize'} onClick={then(acts.toggleFullscreen)}>
									{full ? t('control.fullscreen_off') : t('control.fullscreen')}
								</Item>
							)}
							<Item icon="settings" testId="settings" onClick={then(acts.settings)}>{t('settings.title')}</Item>
							<Item icon="keyboard" testId="help" onClick={then(acts.help)}>{t('help.title')}</Item>
							{room.host && <Item icon="stop" danger testId="end" onClick={then(acts.end)}>{t('host.end')}</Item>}
						</>
					);
				}}
			</Pop>
			<button type="button" class="control leave" aria-label={t('control.leave')} title={t('control.leave')} onClick={acts.leave}
				data-testid="leave">
				<Icon name="leave" size={22} /><span aria-hidden="true">{t('control.leave_short')}</span>
			</button>
		</footer>
	);
}

interface ControlProps {
	readonly icon: IconName;
	/** What pressing does; the label names the thing, and `pressed` says its state. */
	readonly name: string;
	readonly label: string;
	readonly onClick: () => void;
	readonly pressed: boolean;
	readonly off?: boolean;
	readonly on?: boolean;
	readonly busy?: boolean;
	readonly count?: number;
	readonly testId: string;
}

function Control({ icon, name, label, onClick, pressed, off, on, busy, count = 0, testId }: ControlProps) {
	return (
		<button type="button" class={`control${off ? ' off' : ''}${on ? ' on' : ''}`} aria-pressed={pressed} title={name}
			aria-label={count > 0 ? `${label} (${count})` : label} aria-busy={busy ? 'true' : undefined} onClick={onClick} data-testid={testId}>
			<Icon name={icon} size={22} />
			<span aria-hidden="true">{label}</span>
			{count > 0 && <span class="count" aria-hidden="true">{count > 99 ? '99+' : count}</span>}
		</button>
	);
}

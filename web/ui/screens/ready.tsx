/** Known to the room, not yet in it: how one will be seen and heard. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { canChooseSpeaker, meter, playTest } from '../../media/sound.ts';
import type { Meeting } from '../../state/meeting.ts';
import { initials } from '../../state/text.ts';
import { deviceText, errorText } from '../errors.ts';
import { useScreen, useStore } from '../hooks.ts';
import { t, tn } from '../i18n.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { Alert } from '../parts/field.tsx';
import { Icon } from '../parts/icon.tsx';
import { LanguageSwitch, ThemeButton } from '../parts/settings.tsx';
import { Wordmark } from '../parts/shell.tsx';
import { Choosers } from '../meeting/choosers.tsx';
import { Camera } from '../meeting/video.tsx';
import { prefs } from '../session/prefs.ts';
import type { Session } from '../session/session.ts';

export function Ready({ session, meeting }: { session: Session; meeting: Extract<Meeting, { at: 'ready' }> }) {
	const { room, busy, problem } = meeting;
	useScreen('ready', room.title);
	const local = useStore(session.local.state);
	useEffect(() => {
		const { mic, camera } = prefs.get();
		const own = session.local.own();
		if (mic && !own.mic)
			session.setMic(true);
		if (camera && !own.camera)
			session.setCamera(true);
	}, [session]);

	const { mic, camera } = local;
	return (
		<div class="ready">
			<header class="ready-bar">
				<Wordmark />
				<div class="office-tools"><LanguageSwitch /><ThemeButton /></div>
			</header>
			<main>
				<section class="preview" aria-label={t('ready.preview')}>
					<div class="preview-picture">
						{camera.track ? <Camera track={camera.track} mirrored />
							: <div class="preview-off"><span class="face tint-0" aria-hidden="true">{initials(room.name)}</span>
								<p>{camera.opening ? t('ready.camera_opening') : t('ready.camera_off')}</p></div>}
						<div class="preview-acts">
							<IconButton icon={mic.track ? 'mic' : 'micOff'} kind={mic.track ? 'round' : 'round off'} pressed={mic.track !== null}
								name={t('control.mic')} hint={mic.track ? t('control.mic_off') : t('control.mic_on')} onClick={() => session.setMic(!mic.track)} testId="mic" />
							<IconButton icon={camera.track ? 'camera' : 'cameraOff'} kind={camera.track ? 'round' : 'round off'}
								pressed={camera.track !== null} name={t('control.camera')}
								hint={camera.track ? t('control.camera_off') : t('control.camera_on')}
								onClick={() => session.setCamera(!camera.track)} testId="camera" />
						</div>
					</div>
					<Level track={mic.track} />
					{mic.trouble && <Alert>{deviceText('mic', mic.trouble)}</Alert>}
					{camera.trouble && <Alert>{deviceText('camera', camera.trouble)}</Alert>}
				</section>
				<section class="ready-side">
					<h1 data-testid="room-name">{room.title}</h1>
					<p class="lead">
						{room.people === 0 ? t('ready.nobody') : tn('ready.people', room.people)}{' '}
						{t('ready.as', { name: room.name })}{room.guest && <span class="badge guest">{t('badge.guest')}</span>}
					</p>
					{problem && <Alert>{errorText(problem.code, problem.retryAfter)}</Alert>}
					<Button kind="primary" wide busy={busy} onClick={() => session.join()} testId="join">{t('ready.join')}</Button>
					<Choosers session={session} />
					<SpeakerTest />
					{room.banner && <Alert kind="warning">{room.banner}</Alert>}
					{room.contact && <p class="aside">{t('ready.contact', { contact: room.contact })}</p>}
					<button type="button" class="textual" onClick={() => session.back()}><Icon name="back" size={16} />{t('ready.back')}</button>
				</section>
			</main>
		</div>
	);
}

/** Drawn past the framework: it moves fifteen times a second. */
function Level({ track }: { track: MediaStreamTrack | null }) {
	const bar = useRef<HTMLSpanElement>(null);
	useEffect(() => {
		const element = bar.current;
		if (!track || !element)
			return undefined;
		const stop = meter(track, (value) => {
			element.style.transform = `scaleX(${value})`;
		});
		return () => {
			stop();
			element.style.transform = 'scaleX(0)';
		};
	}, [track]);
	return (
		<div class="level">
			<Icon name={track ? 'mic' : 'micOff'} size={18} />
			<span class="level-track" aria-hidden="true"><span ref={bar} /></span>
			<span class="level-text">{track ? t('ready.say_something') : t('ready.mic_off')}</span>
		</div>
	);
}

function SpeakerTest() {
	const [playing, setPlaying] = useState(false);
	const play = async () => {
		setPlaying(true);
		await playTest(canChooseSpeaker() ? prefs.get().device.speaker : '').catch(() => undefined);
		setPlaying(false);
	};
	return <Button icon="sound" onClick={play} busy={playing}>{playing ? t('ready.speaker_playing') : t('ready.speaker_test')}</Button>;
}

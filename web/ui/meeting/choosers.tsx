/** Which microphone, camera and speaker. */
import type { Device } from '../../media/devices.ts';
import { canChooseSpeaker } from '../../media/sound.ts';
import { useStore } from '../hooks.ts';
import { t } from '../i18n.ts';
import { Choice } from '../parts/field.tsx';
import { prefs, setDevice } from '../session/prefs.ts';
import type { Session } from '../session/session.ts';

function options(devices: readonly Device[]) {
	const named = devices.map((d, i) => ({ value: d.id, label: d.label || t('device.numbered', { count: i + 1 }) }));
	return named.some((d) => d.value === 'default') ? named : [{ value: '', label: t('device.default') }, ...named];
}

/** A remembered device that is not there now stands for the default. */
function chosen(id: string, devices: readonly Device[]): string {
	return devices.some((d) => d.id === id) ? id : devices.some((d) => d.id === 'default') ? 'default' : '';
}

export function MicChooser({ session }: { session: Session }) {
	const { devices } = useStore(session.local.state);
	const { device } = useStore(prefs);
	return <Choice label={t('device.mic')} value={chosen(device.mic, devices.mic)} options={options(devices.mic)}
		onChange={(id) => session.local.choose('mic', id)} testId="choose-mic" />;
}

export function CameraChooser({ session }: { session: Session }) {
	const { devices } = useStore(session.local.state);
	const { device } = useStore(prefs);
	return <Choice label={t('device.camera')} value={chosen(device.camera, devices.camera)} options={options(devices.camera)}
		onChange={(id) => session.local.choose('camera', id)} testId="choose-camera" />;
}

export function SpeakerChooser({ session }: { session: Session }) {
	const { devices } = useStore(session.local.state);
	const { device } = useStore(prefs);
	if (!canChooseSpeaker() || devices.speaker.length === 0)
		return null;
	return <Choice label={t('device.speaker')} value={chosen(device.speaker, devices.speaker)} options={options(devices.speaker)}
		onChange={(id) => setDevice('speaker', id)} testId="choose-speaker" />;
}

export function Choosers({ session }: { session: Session }) {
	return (
		<div class="choosers">
			<MicChooser session={session} />
			<CameraChooser session={session} />
			<SpeakerChooser session={session} />
		</div>
	);
}

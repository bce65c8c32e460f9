/** Cameras, microphones and speakers: which there are, opening one, and what went wrong. "Off" always means stopped. */
export type DeviceKind = 'mic' | 'camera' | 'speaker';

export interface Device {
	readonly id: string;
	readonly label: string;
}

export interface Devices {
	readonly mic: readonly Device[];
	readonly camera: readonly Device[];
	readonly speaker: readonly Device[];
}

export type DeviceTrouble = 'refused' | 'missing' | 'in_use' | 'insecure' | 'failed';

export class DeviceError extends Error {
	readonly trouble: DeviceTrouble;

	constructor(trouble: DeviceTrouble) {
		super(trouble);
		this.name = 'DeviceError';
		this.trouble = trouble;
	}
}

export const noDevices: Devices = { mic: [], camera: [], speaker: [] };

export async function listDevices(): Promise<Devices> {
	const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
	const of = (kind: MediaDeviceKind) => all.filter((d) => d.kind === kind && d.deviceId !== '')
		.map((d) => ({ id: d.deviceId, label: d.label }));
	return { mic: of('audioinput'), camera: of('videoinput'), speaker: of('audiooutput') };
}

export function onDevicesChanged(changed: () => void): () => void {
	navigator.mediaDevices?.addEventListener('devicechange', changed);
	return () => navigator.mediaDevices?.removeEventListener('devicechange', changed);
}

/** Throws DeviceError. A device that is no longer there gives way to any other. */
export function openMic(id: string): Promise<MediaStreamTrack> {
	const processing = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
	return open(id, (device) => ({ audio: { ...processing, ...device } }));
}

export function openCamera(id: string): Promise<MediaStreamTrack> {
	const picture = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
	return open(id, (device) => ({ video: { ...picture, ...(id ? device : { facingMode: 'user' }) } }));
}

/** What another page has only just let go of (ours, before a reload) some systems still hold for a moment. */
const TAKEN_MS = 1_000;

async function open(
	id: string, constraints: (device: MediaTrackConstraints) => MediaStreamConstraints,
): Promise<MediaStreamTrack> {
	try {
		return await openNow(id, constraints);
	} catch (error) {
		if (!(error instanceof DeviceError) || error.trouble !== 'in_use')
			throw error;
		await new Promise((resolve) => setTimeout(resolve, TAKEN_MS));
		return openNow(id, constraints);
	}
}

async function openNow(
	id: string, constraints: (device: MediaTrackConstraints) => MediaStreamConstraints,
): Promise<MediaStreamTrack> {
	if (!navigator.mediaDevices?.getUserMedia)
		throw new DeviceError('insecure');
	try {
		const stream = await navigator.mediaDevices.getUserMedia(constraints(id ? { deviceId: { ideal: id } } : {}));
		const track = stream.getTracks()[0];
		if (!track)
			throw new DeviceError('missing');
		return track;
	} catch (error) {
		throw error instanceof DeviceError ? error : new DeviceError(troubleOf(error));
	}
}

function troubleOf(error: unknown): DeviceTrouble {
	switch (error instanceof DOMException ? error.name : '') {
	case 'NotAllowedError':
	case 'SecurityError':
		return 'refused';
	case 'NotFoundError':
	case 'OverconstrainedError':
		return 'missing';
	case 'NotReadableError':
	case 'AbortError':
		return 'in_use';
	default:
		return 'failed';
	}
}

export interface ScreenTracks {
	readonly video: MediaStreamTrack;
	readonly audio: MediaStreamTrack | null;
}

export function canShareScreen(): boolean {
	return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
}

/** Null: the person closed the chooser. Throws DeviceError otherwise. */
export async function openScreen(): Promise<ScreenTracks | null> {
	try {
		const options: DisplayMediaStreamOptions & Record<string, unknown> = {
			video: { frameRate: { ideal: 15, max: 30 } },
			audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
			selfBrowserSurface: 'exclude',
			surfaceSwitching: 'include',
			systemAudio: 'include',
		};
		const stream = await navigator.mediaDevices.getDisplayMedia(options);
		const video = stream.getVideoTracks()[0];
		return video ? { video, audio: stream.getAudioTracks()[0] ?? null } : null;
	} catch (error) {
		if (troubleOf(error) === 'refused')
			return null;
		throw new DeviceError(troubleOf(error));
	}
}

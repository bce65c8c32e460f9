/** Our own microphone, camera and screen. What is off is stopped: the device's light goes out. */
import {
	DeviceError, type DeviceTrouble, type Devices, listDevices, noDevices, onDevicesChanged, openCamera, openMic, openScreen,
} from '../../media/devices.ts';
import type { SendSource } from '../../media/link.ts';
import type { Own } from '../../protocol/messages.ts';
import { prefs, setDevice } from './prefs.ts';
import { Store } from './store.ts';

export interface Sending {
	readonly track: MediaStreamTrack | null;
	readonly opening: boolean;
	readonly trouble: DeviceTrouble | null;
}

export interface LocalState {
	readonly mic: Sending;
	readonly camera: Sending;
	readonly screen: Sending;
	readonly screenSound: MediaStreamTrack | null;
	readonly devices: Devices;
}

const off: Sending = { track: null, opening: false, trouble: null };

export class LocalMedia {
	readonly state = new Store<LocalState>({ mic: off, camera: off, screen: off, screenSound: null, devices: noDevices });
	/** A track to send instead of the one before; null: send nothing. */
	onTrack: (source: SendSource, track: MediaStreamTrack | null) => void = () => undefined;
	/** After any change of what is on. */
	onChange: () => void = () => undefined;

	#turn = { mic: 0, camera: 0, screen: 0 };
	#unwatch: () => void;

	constructor() {
		this.#unwatch = onDevicesChanged(() => this.refreshDevices());
		this.refreshDevices();
	}

	own(): Own {
		const s = this.state.get();
		return { mic: s.mic.track !== null, camera: s.camera.track !== null, screen: s.screen.track !== null,
			screen_audio: s.screenSound !== null };
	}

	track(source: SendSource): MediaStreamTrack | null {
		const s = this.state.get();
		return source === 'screen_audio' ? s.screenSound : s[source].track;
	}

	async refreshDevices(): Promise<void> {
		const devices = await listDevices();
		this.state.set({ ...this.state.get(), devices });
	}

	async setMic(on: boolean): Promise<void> {
		await this.#set('mic', on, () => openMic(prefs.get().device.mic));
	}

	async setCamera(on: boolean): Promise<void> {
		await this.#set('camera', on, () => openCamera(prefs.get().device.camera));
	}

	/** Another device of the same kind, while it is on or for the next time. */
	async choose(kind: 'mic' | 'camera', id: string): Promise<void> {
		setDevice(kind, id);
		if (this.state.get()[kind].track)
			await (kind === 'mic' ? this.setMic(true) : this.setCamera(true));
	}

	async setScreen(on: boolean): Promise<void> {
		const turn = ++this.#turn.screen;
		this.#dropScreen();
		if (!on) {
			this.onChange();
			return;
		}
		this.#put('screen', { track: null, opening: true, trouble: null });
		try {
			const tracks = await openScreen();
			if (turn !== this.#turn.screen || !tracks) {
				tracks?.video.stop();
				tracks?.audio?.stop();
				if (turn === this.#turn.screen)
					this.#put('screen', off);
				return;
			}
			// The browser's own "stop sharing" button.
			tracks.video.onended = () => this.setScreen(false);
			this.state.set({ ...this.state.get(), screenSound: tracks.audio });
			this.#put('screen', { track: tracks.video, opening: false, trouble: null });
			this.onTrack('screen', tracks.video);
			this.onTrack('screen_audio', tracks.audio);
			this.onChange();
		} catch (error) {
			if (turn === this.#turn.screen)
				this.#put('screen', { track: null, opening: false, trouble: troubleOf(error) });
		}
	}

	stopAll(): void {
		for (const source of ['mic', 'camera'] as const) {
			this.#turn[source]++;
			this.#drop(source);
		}
		this.#turn.screen++;
		this.#dropScreen();
	}

	dispose(): void {
		this.#unwatch();
		this.stopAll();
	}

	async #set(source: 'mic' | 'camera', on: boolean, open: () => Promise<MediaStreamTrack>): Promise<void> {
		const turn = ++this.#turn[source];
		if (!on) {
			this.#drop(source);
			this.onChange();
			return;
		}
		let before = this.state.get()[source].track;
		if (before && source === 'camera') {
			// Many a phone and laptop will not open one camera while another is open.
			this.#release(before);
			before = null;
		}
		this.#put(source, { track: before, opening: true, trouble: null });
		try {
			const track = await open();
			if (turn !== this.#turn[source]) {
				track.stop();
				return;
			}
			this.#release(before);
			track.onended = () => this.#gone(source, track);
			this.#put(source, { track, opening: false, trouble: null });
			this.onTrack(source, track);
			// Names of devices are told only after the first permission.
			this.refreshDevices();
		} catch (error) {
			if (turn !== this.#turn[source])
				return;
			this.#release(before);
			this.#put(source, { track: null, opening: false, trouble: troubleOf(error) });
			this.onTrack(source, null);
		}
		this.onChange();
	}

	/** Unplugged, or permission withdrawn: try whatever device is left, once. */
	#gone(source: 'mic' | 'camera', track: MediaStreamTrack): void {
		if (this.state.get()[source].track !== track)
			return;
		if (source === 'mic')
			this.setMic(true);
		else
			this.setCamera(true);
	}

	#drop(source: 'mic' | 'camera'): void {
		const { track } = this.state.get()[source];
		this.#release(track);
		this.#put(source, off);
		if (track)
			this.onTrack(source, null);
	}

	#dropScreen(): void {
		const { screen, screenSound } = this.state.get();
		if (!screen.track && !screenSound && !screen.trouble)
			return;
		this.#release(screen.track);
		this.#release(screenSound);
		this.state.set({ ...this.state.get(), screen: off, screenSound: null });
		this.onTrack('screen', null);
		this.onTrack('screen_audio', null);
	}

	#release(track: MediaStreamTrack | null): void {
		if (track) {
			track.onended = null;
			track.stop();
		}
	}

	#put(source: 'mic' | 'camera' | 'screen', sending: Sending): void {
		this.state.set({ ...this.state.get(), [source]: sending });
	}
}

function troubleOf(error: unknown): DeviceTrouble {
	return error instanceof DeviceError ? error.trouble : 'failed';
}

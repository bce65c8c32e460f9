/**
 * One RTCPeerConnection to the server: what we send, and the seats we receive. The offer is made ready before it is needed; only this
 * side offers. A link that has failed is thrown away and another one made with the same tracks.
 */
import { preferFew } from './codecs.ts';

export type SeatKind = 'person' | 'screen' | 'voice';
export type SendSource = 'mic' | 'camera' | 'screen' | 'screen_audio';

export interface Seat {
	readonly kind: SeatKind;
	readonly audio: RTCRtpTransceiver;
	readonly video: RTCRtpTransceiver | null;
	/** For a <video>: both tracks of the seat. */
	readonly stream: MediaStream;
	/** For an <audio>: the sound alone. */
	readonly sound: MediaStream;
}

export interface Offer {
	readonly sdp: string;
	readonly sections: {
		mic?: string; camera?: string; screen?: string; screen_audio?: string;
		seats: { kind: SeatKind; audio?: string; video?: string }[];
	};
}

export interface LinkHandlers {
	onState(state: RTCPeerConnectionState): void;
}

export interface SeatPlan {
	readonly persons: number;
	readonly screens: number;
	readonly voices: number;
}

/** From the smallest, as the protocol lists them. Rates in bit/s. */
const CAMERA_LAYERS: RTCRtpEncodingParameters[] = [
	{ rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
	{ rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
	{ rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
];
const SCREEN_BITRATE = 2_500_000;

export class Link {
	readonly pc: RTCPeerConnection;
	readonly seats: Seat[] = [];
	#sends: Record<SendSource, RTCRtpTransceiver>;
	#pending: Promise<Offer> | null = null;
	#closed = false;

	constructor(plan: SeatPlan, handlers: LinkHandlers) {
		this.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require', iceServers: [] });
		this.#sends = {
			mic: this.#sender('audio'),
			camera: this.#sender('video', CAMERA_LAYERS),
			screen: this.#sender('video', [{ maxBitrate: SCREEN_BITRATE }]),
			screen_audio: this.#sender('audio'),
		};
		// Seats are counted by position, so persons come first and later growth goes to the end.
		for (let i = 0; i < plan.persons; i++)
			this.#addSeat('person');
		for (let i = 0; i < plan.screens; i++)
			this.#addSeat('screen');
		for (let i = 0; i < plan.voices; i++)
			this.#addSeat('voice');
		this.pc.onconnectionstatechange = () => {
			if (!this.#closed)
				handlers.onState(this.pc.connectionState);
		};
	}

	get closed(): boolean {
		return this.#closed;
	}

	get persons(): number {
		return this.seats.filter((s) => s.kind === 'person').length;
	}

	/** The first offer; may be asked for early, and again. */
	prepare(): Promise<Offer> {
		this.#pending ??= this.#offer({});
		return this.#pending;
	}

	/** A later offer on this link: more seats, or a restart of ICE. */
	offerAgain(options: { persons?: number; restart?: boolean }): Promise<Offer> {
		while (options.persons !== undefined && this.persons < options.persons)
			this.#addSeat('person');
		return this.#offer({ iceRestart: options.restart === true });
	}

	async answer(sdp: string): Promise<void> {
		await this.pc.setRemoteDescription({ type: 'answer', sdp });
	}

	/** Null stops what is sent. No negotiation in either case. */
	async send(source: SendSource, track: MediaStreamTrack | null): Promise<void> {
		if (this.#closed)
			return;
		if (track && source === 'screen' && 'contentHint' in track && track.contentHint === '')
			track.contentHint = 'detail';
		await this.#sends[source].sender.replaceTrack(track);
	}

	/** Whose packets come out of a seat now: the newest contributing source. 0: none. */
	contributor(seat: number): number {
		const at = this.seats[seat];
		if (!at || this.#closed)
			return 0;
		const picture = at.video ? newest(at.video.receiver) : 0;
		return picture || (at.video && seenVideoSources ? 0 : newest(at.audio.receiver));
	}

	close(): void {
		if (this.#closed)
			return;
		this.#closed = true;
		this.pc.onconnectionstatechange = null;
		this.pc.close();
	}

	async #offer(options: RTCOfferOptions): Promise<Offer> {
		await this.pc.setLocalDescription(await this.pc.createOffer(options));
		// The server is ICE-lite and learns our address from our checks: no candidate of ours needs to be waited for.
		return { sdp: this.pc.localDescription?.sdp ?? '', sections: this.#sections() };
	}

	#sections(): Offer['sections'] {
		const sections: Offer['sections'] = { seats: [] };
		for (const source of ['mic', 'camera', 'screen', 'screen_audio'] as const) {
			const mid = this.#sends[source].mid;
			if (mid !== null)
				sections[source] = mid;
		}
		for (const seat of this.seats)
			sections.seats.push({
				kind: seat.kind,
				...(seat.audio.mid === null ? {} : { audio: seat.audio.mid }),
				...(seat.video && seat.video.mid !== null ? { video: seat.video.mid } : {}),
			});
		return sections;
	}

	#sender(kind: 'audio' | 'video', sendEncodings?: RTCRtpEncodingParameters[]): RTCRtpTransceiver {
		const transceiver = this.pc.addTransceiver(kind, {
			direction: 'sendonly', ...(sendEncodings ? { sendEncodings: sendEncodings.map((e) => ({ ...e })) } : {}),
		});
		preferFew(transceiver, kind);
		return transceiver;
	}

	#addSeat(kind: SeatKind): void {
		const audio = this.#receiver('audio');
		const video = kind === 'voice' ? null : this.#receiver('video');
		const tracks = video ? [audio.receiver.track, video.receiver.track] : [audio.receiver.track];
		this.seats.push({
			kind, audio, video, stream: new MediaStream(tracks), sound: new MediaStream([audio.receiver.track]),
		});
	}

	#receiver(kind: 'audio' | 'video'): RTCRtpTransceiver {
		const transceiver = this.pc.addTransceiver(kind, { direction: 'recvonly' });
		preferFew(transceiver, kind);
		return transceiver;
	}
}

/** Whether this browser tells contributing sources of video at all; where it does, sound is no proof for a picture. */
let seenVideoSources = false;

function newest(receiver: RTCRtpReceiver): number {
	let source = 0;
	let at = -1;
	for (const csrc of receiver.getContributingSources()) {
		if (csrc.timestamp > at) {
			at = csrc.timestamp;
			source = csrc.source;
		}
	}
	if (source && receiver.track.kind === 'video')
		seenVideoSources = true;
	return source;
}

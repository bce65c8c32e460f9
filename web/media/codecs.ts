/** Few codecs to a section: an offer for nine seats is half as long. */
type Kind = 'audio' | 'video';

const WANTED: Record<Kind, readonly string[]> = {
	audio: ['audio/opus'],
	video: ['video/vp8', 'video/rtx'],
};

/** What encoders send that are no browsers (WHIP): only received, and only the one form of it that everybody decodes. */
const ENCODERS = 'video/h264';

function plainH264(line: string | undefined): boolean {
	return /(^|;)packetization-mode=1(;|$)/.test(line ?? '') && /(^|;)profile-level-id=42e0/i.test(line ?? '');
}

export function fewCodecs(all: readonly RTCRtpCodec[], kind: Kind, receives: boolean): RTCRtpCodec[] {
	return all.filter(({ mimeType, sdpFmtpLine }) => {
		const type = mimeType.toLowerCase();
		return WANTED[kind].includes(type) || (receives && type === ENCODERS && plainH264(sdpFmtpLine));
	});
}

export function preferFew(transceiver: RTCRtpTransceiver, kind: Kind): void {
	const few = fewCodecs(RTCRtpReceiver.getCapabilities?.(kind)?.codecs ?? [], kind, transceiver.direction === 'recvonly');
	if (few.length === 0 || typeof transceiver.setCodecPreferences !== 'function')
		return;
	try {
		transceiver.setCodecPreferences(few);
	} catch {
		// An old browser that wants its own list back: the offer is longer, that is all.
	}
}

/** Few codecs to a section: an offer for nine seats is half as long. */
type Kind = 'audio' | 'video';

const WANTED: Record<Kind, readonly string[]> = {
	audio: ['audio/opus'],
	video: ['video/vp8', 'video/rtx'],
};

export function preferFew(transceiver: RTCRtpTransceiver, kind: Kind): void {
	const all = RTCRtpReceiver.getCapabilities?.(kind)?.codecs ?? [];
	const few = all.filter((codec) => WANTED[kind].includes(codec.mimeType.toLowerCase()));
	if (few.length === 0 || typeof transceiver.setCodecPreferences !== 'function')
		return;
	try {
		transceiver.setCodecPreferences(few);
	} catch {
		// An old browser that wants its own list back: the offer is longer, that is all.
	}
}

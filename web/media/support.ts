/** Whether this browser can do what a meeting needs. Asked by ability, not by name. */
export type Unsupported = 'insecure' | 'old' | null;

export function unsupported(): Unsupported {
	if (!globalThis.isSecureContext)
		return 'insecure';
	const able = typeof RTCPeerConnection === 'function'
		&& typeof CompressionStream === 'function'
		&& typeof RTCRtpTransceiver === 'function'
		&& 'setCodecPreferences' in RTCRtpTransceiver.prototype
		&& 'getContributingSources' in RTCRtpReceiver.prototype
		&& typeof HTMLDialogElement === 'function'
		&& typeof navigator.mediaDevices?.getUserMedia === 'function'
		&& deflatesRaw();
	return able ? null : 'old';
}

function deflatesRaw(): boolean {
	try {
		return !!new CompressionStream('deflate-raw');
	} catch {
		return false;
	}
}

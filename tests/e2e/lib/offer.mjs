// A browser's offer without a browser: the few lines of SDP that signaling reads. Media never starts on it.

import { randomBytes } from "node:crypto";

const FINGERPRINT = Array.from({ length: 32 }, (_, n) => (n * 7 % 256).toString(16).padStart(2, "0").toUpperCase()).join(":");

function section(mid, kind, direction, extra = []) {
	const audio = kind === "audio";
	return [
		`m=${kind} 9 UDP/TLS/RTP/SAVPF ${audio ? "111" : "96 97"}`, "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", `a=ice-ufrag:${section.ufrag}`,
		`a=ice-pwd:${section.pwd}`, "a=ice-options:trickle", `a=fingerprint:sha-256 ${FINGERPRINT}`, "a=setup:actpass", `a=mid:${mid}`,
		...(audio ? ["a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level"] : []),
		"a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
		"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
		"a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
		`a=${direction}`, "a=rtcp-mux", "a=rtcp-rsize",
		...(audio ? ["a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc", "a=fmtp:111 minptime=10;useinbandfec=1"]
			: ["a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 goog-remb", "a=rtcp-fb:96 transport-cc", "a=rtcp-fb:96 ccm fir", "a=rtcp-fb:96 nack",
				"a=rtcp-fb:96 nack pli", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96"]),
		...extra,
	];
}

/** An offer with microphone, camera, screen with sound, `persons` seats, a screen seat and a voice seat; fit for `join` and `offer`. */
export function offer(persons = 2) {
	section.ufrag = randomBytes(3).toString("hex");
	section.pwd = randomBytes(12).toString("hex");
	const lines = [];
	let count = 0;
	const add = (kind, direction, extra) => {
		const mid = String(count++);
		lines.push(...section(mid, kind, direction, extra));
		return mid;
	};
	const sections = {
		mic: add("audio", "sendonly", ["a=msid:- mic", "a=ssrc:1001 cname:x"]),
		camera: add("video", "sendonly", ["a=msid:- camera", "a=rid:q send", "a=rid:h send", "a=rid:f send", "a=simulcast:send q;h;f"]),
		screen: add("video", "sendonly", ["a=msid:- screen", "a=ssrc-group:FID 1002 1003", "a=ssrc:1002 cname:x", "a=ssrc:1003 cname:x"]),
		screen_audio: add("audio", "sendonly", ["a=msid:- screen", "a=ssrc:1004 cname:x"]),
		seats: [],
	};
	for (let n = 0; n < persons; n++)
		sections.seats.push({ kind: "person", audio: add("audio", "recvonly"), video: add("video", "recvonly") });
	sections.seats.push({ kind: "screen", audio: add("audio", "recvonly"), video: add("video", "recvonly") });
	sections.seats.push({ kind: "voice", audio: add("audio", "recvonly") });
	const head = ["v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0",
		`a=group:BUNDLE ${Array.from({ length: count }, (_, n) => n).join(" ")}`, "a=extmap-allow-mixed", "a=msid-semantic: WMS"];
	return { sdp: `${[...head, ...lines].join("\r\n")}\r\n`, sections };
}

export const state = (mic = true, camera = true) => ({ mic, camera, screen: false, screen_audio: false });

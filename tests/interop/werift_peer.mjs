#!/usr/bin/env node
// A werift participant (WebRTC in TypeScript alone), driven by the same JSON lines as aiortc_peer.py. It has no codecs: it echoes. What
// it receives in one seat it publishes as its own, so that who decodes it sees and hears what went through werift both ways.
import { createInterface } from 'node:readline';
import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters, useAudioLevelIndication, useSdesMid, useTransportWideCC } from 'werift';

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
let pc, seats = [];

async function offer({ seats: count }) {
	pc = new RTCPeerConnection({
		bundlePolicy: 'max-bundle',
		// werift numbers the extensions of audio and video apart; one id must mean one thing in a bundle, so each is offered in one kind alone
		headerExtensions: { audio: [useSdesMid(), useAudioLevelIndication()], video: [useTransportWideCC()] },
		codecs: {
			audio: [new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48000, channels: 2 })],
			video: [new RTCRtpCodecParameters({ mimeType: 'video/VP8', clockRate: 90000, rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'goog-remb' }] })],
		},
		iceUseIpv6: false, iceAdditionalHostAddresses: ['127.0.0.1'], iceServers: [],
	});
	const mic = new MediaStreamTrack({ kind: 'audio' }), camera = new MediaStreamTrack({ kind: 'video' });
	const own = { audio: mic, video: camera };
	pc.addTransceiver(mic, { direction: 'sendonly' });
	const sending = pc.addTransceiver(camera, { direction: 'sendonly' });
	for (let i = 0; i < count; i++) {
		for (const kind of ['audio', 'video']) {
			const transceiver = pc.addTransceiver(kind, { direction: 'recvonly' });
			const seat = { kind, frames: 0, csrc: [], echoed: 0 };
			seats.push(seat);
			transceiver.onTrack.subscribe((track) => {
				seat.track = track;
				track.onReceiveRtp.subscribe((rtp) => {
					seat.frames++;
					seat.csrc = rtp.header.csrc;
					if (i === 0 && rtp.payload.length) {
						seat.echoed++;
						own[kind].writeRtp(rtp.clone());
					}
				});
			});
			if (i === 0 && kind === 'video')
				sending.sender.onPictureLossIndication.subscribe(() => {
					if (seat.track?.ssrc)
						transceiver.receiver.sendRtcpPLI(seat.track.ssrc);
				});
		}
	}
	await pc.setLocalDescription(await pc.createOffer());
	const mids = pc.getTransceivers().map((t) => t.mid);
	seats.forEach((seat, i) => { seat.mid = mids[i + 2]; });
	say({ ev: 'offer', sdp: pc.localDescription.sdp, sections: { mic: mids[0], camera: mids[1],
		seats: Array.from({ length: count }, (_, i) => ({ kind: 'person', audio: mids[2 + 2 * i], video: mids[3 + 2 * i] })) } });
}

for await (const line of createInterface({ input: process.stdin })) {
	const command = JSON.parse(line);
	if (command.cmd === 'offer') {
		await offer(command);
	} else if (command.cmd === 'answer') {
		await pc.setRemoteDescription({ type: 'answer', sdp: command.sdp });
		say({ ev: 'done' });
	} else if (command.cmd === 'report') {
		say({ ev: 'report', state: pc.connectionState, seats: seats.map(({ mid, kind, frames, csrc, echoed }) => ({ mid, kind, frames, csrc, echoed })) });
	} else {
		break;
	}
}
await pc?.close();
process.exit(0);

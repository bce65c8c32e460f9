// A device's side of WHIP and WHEP: the HTTP of it (RFC 9725), with whatever WebRTC stack is behind.

import "./client.mjs"; // takes the trial certificate

const OFFER = "application/sdp";
export const FRAGMENT = "application/trickle-ice-sdpfrag";

/** One request; `token` null: without authorization. */
export async function ask(address, method, { token, body, type, headers } = {}) {
	const answer = await fetch(address, {
		method,
		headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(type ? { "content-type": type } : {}), ...headers },
		body,
		redirect: "manual",
		signal: AbortSignal.timeout(15000),
	});
	return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

export function post(address, token, sdp) {
	return ask(address, "POST", { token, body: sdp, type: OFFER });
}

/** A foreign peer (tests/interop/foreign_peer.mjs) comes in as a device; gives the answer with its session's address and tag. */
export async function bring(peer, address, token, offer) {
	const { sdp } = await peer.run({ cmd: "offer", seats: 0, ...offer });
	const answer = await post(address, token, sdp);
	if (answer.status === 201)
		await peer.run({ cmd: "answer", sdp: answer.text });
	return { ...answer, session: answer.headers.get("location"), etag: answer.headers.get("etag") };
}

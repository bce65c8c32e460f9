// The same meeting over each way that media can take: UDP on IPv4, UDP on IPv6, and TCP where UDP is blocked. The browser's
// connection says which way it took, and so does the server.

import { check, until, scenario } from "./lib/check.mjs";
import { SERVER4, SERVER6, WITHIN, cable, nft } from "./lib/net.mjs";
import { start_server } from "./lib/server.mjs";
import { furnish, person } from "./lib/stage.mjs";
import { all_meet, enter, perceive } from "./lib/people.mjs";

const PORT = 9743;

/** The protocol and address kind of the pair in use, from the browser's own statistics. */
function chosen(one) {
	return one.page.evaluate(async () => {
		for (const connection of window.hopkin_probe.connections) {
			const reports = [...(await connection.getStats()).values()];
			const pair = reports.find((report) => report.type === "candidate-pair" && report.nominated && report.state === "succeeded");
			const remote = pair && reports.find((report) => report.id === pair.remoteCandidateId);
			if (remote)
				return { protocol: remote.protocol, address: remote.address ?? remote.ip };
		}
		return null;
	});
}

async function meet_over(title, server, via, fits) {
	const room = furnish(server);
	const people = [await person("chromium", 1), await person("chromium", 2), await person("firefox", 4)];
	for (const one of people)
		await enter(one, room.address, { password: room.password, name: one.name });
	await all_meet(title, people, 40);
	for (const one of people) {
		const way = await chosen(one);
		check(`${title}: ${one.kind} ${one.name} is connected that way`, way && fits(way), JSON.stringify(way));
		const told = await until(async () => (await perceive(one)).via === via, 5);
		check(`${title}: the server tells ${one.name} so`, told, (await perceive(one)).via);
	}
	for (const one of people)
		await one.browser.close();
	await server.stop();
}

await scenario("transports", async () => {
	cable();
	const server = (address, name = address) => start_server({ within: WITHIN, listen: [address], name, port: PORT });
	await meet_over("udp4", await server(SERVER4), "udp4", (way) => way.protocol === "udp" && way.address === SERVER4);
	await meet_over("udp6", await server(SERVER6, `[${SERVER6}]`), "udp6", (way) => way.protocol === "udp" && way.address.includes(SERVER6));

	nft("add table inet hopkin", "add chain inet hopkin out { type filter hook output priority 0; }", `add rule inet hopkin out udp dport ${PORT} drop`);
	await meet_over("tcp", await server(SERVER4), "tcp", (way) => way.protocol === "tcp" && way.address === SERVER4);
});

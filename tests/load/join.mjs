// How long a person waits: from the click on Join to the first picture of somebody else, and its parts. A browser that is already inside,
// another that joins again and again. Prints figures; asserts only that each time a picture came.
//
//   HOPKIN_BUILD=build/release node tests/load/join.mjs        (needs tests/e2e's packages: tests/run installs them)

import { check, note, scenario, until } from "../e2e/lib/check.mjs";
import { at_screen, enter, knock, press } from "../e2e/lib/people.mjs";
import { start_server } from "../e2e/lib/server.mjs";
import { furnish, person } from "../e2e/lib/stage.mjs";

const TIMES = 7;

/** Notes, in the page, when each part was over: the click is at 0. */
function stopwatch() {
	const marks = { click: 0 };
	window.hopkin_marks = marks;
	const mark = (name) => { marks[name] ??= performance.now() - marks.click; };
	document.addEventListener("click", (event) => {
		if (event.target.closest('[data-testid="join"]') && !marks.click)
			marks.click = performance.now();
	}, true);
	const set_answer = RTCPeerConnection.prototype.setRemoteDescription;
	RTCPeerConnection.prototype.setRemoteDescription = async function (...args) {
		mark("answer");
		this.addEventListener("connectionstatechange", () => this.connectionState === "connected" && mark("connected"));
		const done = await set_answer.apply(this, args);
		mark("answer_set");
		return done;
	};
	const look = () => {
		const tile = [...document.querySelectorAll('[data-testid="tile"]:not([data-self]) video')].find((video) => video.videoWidth > 2
			&& video.closest('[data-testid="tile"]').dataset.shown === "true" && video.getVideoPlaybackQuality().totalVideoFrames > 0);
		if (tile)
			mark("picture");
		else
			requestAnimationFrame(look);
	};
	requestAnimationFrame(look);
}

const median = (list) => Math.round(list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]);

await scenario("join", async () => {
	const server = await start_server({ port: 9880 });
	const room = furnish(server);
	const inside = await person("chromium", 1), coming = await person("chromium", 2);
	await enter(inside, `${server.url}/r/${room.id}`, { password: room.password, name: inside.name });
	await coming.page.addInitScript(stopwatch);
	const all = [];
	for (let n = 0; n < TIMES; n++) {
		await knock(coming, `${server.url}/r/${room.id}`, { password: room.password, name: coming.name });
		await until(() => coming.page.evaluate(() => document.querySelector('[data-testid="camera"]')?.getAttribute("aria-pressed") === "true"), 10);
		await press(coming, "join");
		const marks = await until(() => coming.page.evaluate(() => window.hopkin_marks.picture && window.hopkin_marks), 20);
		check(`join: a picture came, time ${n + 1}`, Boolean(marks));
		if (marks)
			all.push(marks);
		await press(coming, "leave");
		await at_screen(coming, "left");
		await coming.page.goto("about:blank");
	}
	const part = (name) => median(all.map((marks) => marks[name] ?? 0));
	note(`from the click, median of ${all.length}: answer there ${part("answer")} ms, set ${part("answer_set")} ms, connected ${part("connected")} ms, first picture of another ${part("picture")} ms`);
});

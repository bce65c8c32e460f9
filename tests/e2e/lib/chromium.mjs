// One Chromium for one person: own process, own profile, own camera and microphone.

import { chromium } from "playwright-core";
import { afterwards } from "./check.mjs";
import { media_files } from "./media.mjs";
import { probe_source } from "./probe.mjs";

const PROGRAM = process.env.HOPKIN_CHROMIUM ?? "/usr/bin/chromium";

const FLAGS = [
	"--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
	"--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection",
	"--auto-accept-this-tab-capture", "--disable-renderer-backgrounding", "--disable-background-timer-throttling",
];

/**
 * Opens a browser for person `code`.
 *
 * @param options  media: folder for the device files; camera: [width, height]; devices: false for a machine that has none;
 *                 flags, env: more of them; real_ui: true for the browser's own questions about devices; trust: false (default) to take any certificate, true to judge it;
 *                 context: options for the Playwright context (locale, viewport, colorScheme …)
 * @return { page, context, browser, requests } where `requests` grows with each address the page asked for
 */
export async function open_chromium(code, options = {}) {
	const flags = [...FLAGS.filter((flag) => !options.real_ui || !flag.includes("fake-ui")), ...(options.flags ?? [])];
	if (options.devices !== false) {
		const [width, height] = options.camera ?? [undefined, undefined];
		const files = media_files(options.media, code, width, height);
		flags.push(`--use-file-for-fake-video-capture=${files.camera}`, `--use-file-for-fake-audio-capture=${files.microphone}`);
	}
	const browser = await chromium.launch({
		executablePath: PROGRAM,
		headless: true,
		args: flags,
		env: { ...process.env, ...options.env },
		handleSIGINT: false,
		handleSIGTERM: false,
	});
	afterwards(() => browser.close());
	const context = await browser.newContext({
		ignoreHTTPSErrors: !options.trust,
		locale: "en-US",
		permissions: options.permissions ?? ["camera", "microphone"],
		viewport: { width: 1280, height: 720 },
		...options.context,
	});
	await context.addInitScript(probe_source(code));
	const requests = [];
	context.on("request", (request) => requests.push(request.url()));
	const page = await context.newPage();
	page.setDefaultTimeout(options.patience_ms ?? 30000);
	const complaints = [];
	page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
	page.on("console", (message) => {
		if (message.type() === "error")
			complaints.push(message.text());
	});
	return { code, kind: "chromium", page, context, browser, requests, complaints };
}

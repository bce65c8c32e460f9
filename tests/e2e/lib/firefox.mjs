// One Firefox for one person, driven over WebDriver BiDi. It cannot take files as devices, so the probe draws its camera.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { afterwards, until } from "./check.mjs";
import { probe_source } from "./probe.mjs";

const PROGRAM = process.env.HOPKIN_FIREFOX ?? "/usr/bin/firefox-esr";

const PREFS = {
	"media.navigator.streams.fake": true,
	"media.navigator.permission.disabled": true,
	"media.peerconnection.ice.loopback": true,
	"media.peerconnection.ice.obfuscate_host_addresses": false,
	"media.autoplay.default": 0,
	"media.autoplay.blocking_policy": 0,
	"media.autoplay.block-webaudio": false,
	"network.captive-portal-service.enabled": false,
	"network.connectivity-service.enabled": false,
	"network.dns.disablePrefetch": true,
	"app.update.enabled": false,
	"app.normandy.enabled": false,
	"browser.safebrowsing.malware.enabled": false,
	"browser.safebrowsing.phishing.enabled": false,
	"services.settings.server": "data:,",
	"toolkit.telemetry.enabled": false,
	"datareporting.policy.dataSubmissionEnabled": false,
	"intl.accept_languages": "en-US",
};

let sound_card;

/** Firefox starts no AudioContext on a machine without a sound card: a PulseAudio of our own, that plays to nowhere, is one. */
async function sound() {
	if (sound_card)
		return sound_card;
	const home = mkdtempSync(join(tmpdir(), "hopkin-sound-"));
	const socket = join(home, "socket");
	const server = spawn("pulseaudio", [
		"-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes", "--log-level=error",
		"--load=module-null-sink", `--load=module-native-protocol-unix socket=${socket} auth-anonymous=1`,
	], { env: { ...process.env, HOME: home, XDG_RUNTIME_DIR: home }, stdio: "ignore" });
	afterwards(() => {
		server.kill();
		rmSync(home, { recursive: true, force: true });
	});
	if (!await until(() => existsSync(socket), 10))
		throw new Error("pulseaudio did not start");
	return sound_card = `unix:${socket}`;
}

/** Opens a browser for person `code`; the page understands Puppeteer's calls. */
export async function open_firefox(code, options = {}) {
	const browser = await puppeteer.launch({
		browser: "firefox",
		executablePath: PROGRAM,
		headless: true,
		acceptInsecureCerts: true,
		protocolTimeout: 30000,
		extraPrefsFirefox: { ...PREFS, ...options.prefs },
		env: { ...process.env, PULSE_SERVER: await sound(), ...options.env },
		handleSIGINT: false,
		handleSIGTERM: false,
	});
	afterwards(() => browser.close());
	const page = await browser.newPage();
	page.setDefaultTimeout(options.patience_ms ?? 30000);
	await page.setViewport({ width: 1280, height: 720 });
	await page.evaluateOnNewDocument(probe_source(code, true));
	const complaints = [];
	page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
	return { code, kind: "firefox", page, browser, requests: [], complaints };
}

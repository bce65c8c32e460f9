/** What to say for a code: always what happened, and what to do about it. */
import type { DeviceTrouble } from '../media/devices.ts';
import { RestError } from '../protocol/rest.ts';
import { type Key, t } from './i18n.ts';

const CODES: Readonly<Record<string, Key>> = {
	bad_login: 'error.bad_login',
	slow_down: 'error.slow_down',
	weak_password: 'error.weak_password',
	bad_name: 'error.bad_name',
	name_taken: 'error.name_taken',
	bad_link: 'error.bad_link',
	last_admin: 'error.last_admin',
	too_many: 'error.too_many',
	busy: 'error.busy',
	not_signed_in: 'error.not_signed_in',
	not_allowed: 'error.not_allowed',
	unreachable: 'error.unreachable',
	closed: 'error.unreachable',
	silent: 'error.unreachable',
	refused: 'error.refused',
	members_only: 'error.members_only',
	name_needed: 'error.name_needed',
	room_full: 'error.room_full',
	locked: 'error.locked',
	removed: 'error.removed',
	no_such_person: 'error.no_such_person',
	media_gone: 'error.media_gone',
	too_fast: 'error.too_fast',
	blocked: 'error.blocked',
	blocked_mic: 'error.blocked_mic',
	blocked_camera: 'error.blocked_camera',
	blocked_screen: 'error.blocked_screen',
	copy_failed: 'error.copy_failed',
};

export function errorText(code: string, retryAfter = 0): string {
	const key = CODES[code];
	if (key === 'error.slow_down')
		return t(key, { seconds: Math.max(1, retryAfter) });
	return key ? t(key) : t('error.other', { code });
}

export function restText(error: unknown): string {
	return error instanceof RestError ? errorText(error.code, error.retryAfter) : errorText('failed');
}

const DEVICE: Record<'mic' | 'camera' | 'screen', Record<DeviceTrouble, Key>> = {
	mic: {
		refused: 'device.mic_refused', missing: 'device.mic_missing', in_use: 'device.mic_in_use', insecure: 'device.insecure',
		failed: 'device.mic_failed',
	},
	camera: {
		refused: 'device.camera_refused', missing: 'device.camera_missing', in_use: 'device.camera_in_use', insecure: 'device.insecure',
		failed: 'device.camera_failed',
	},
	screen: {
		refused: 'device.screen_failed', missing: 'device.screen_failed', in_use: 'device.screen_failed', insecure: 'device.insecure',
		failed: 'device.screen_failed',
	},
};

export function deviceText(source: 'mic' | 'camera' | 'screen', trouble: DeviceTrouble): string {
	return t(DEVICE[source][trouble]);
}

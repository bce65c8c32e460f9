/**
 * What went wrong, as the session needs to know it: pure.
 */
import { CLOSE } from '../../protocol/messages.ts';
import { RequestError } from '../../protocol/socket.ts';
import type { Ending } from '../../state/meeting.ts';

export interface Problem {
	readonly code: string;
	/** Seconds. */
	readonly retryAfter: number;
}

export function problemOf(error: unknown): Problem {
	return error instanceof RequestError ? { code: error.code, retryAfter: error.retryAfter } : { code: 'failed', retryAfter: 0 };
}

/** Milliseconds until an offer is worth another try; null: the socket's return will bring it. */
export function waitAfter(error: unknown): number | null {
	const { code, retryAfter } = problemOf(error);
	if (code === 'closed' || code === 'silent')
		return null;
	return Math.max(200, Math.min(10_000, retryAfter * 1000));
}

/** The close codes after which nobody comes back by himself. */
export function endingOf(code: number): Ending | null {
	switch (code) {
	case CLOSE.removed:
		return 'removed';
	case CLOSE.ended:
		return 'ended';
	case CLOSE.replaced:
		return 'replaced';
	case CLOSE.sessionEnded:
		return 'session';
	case CLOSE.badMessages:
	case CLOSE.tooFast:
		return 'kicked';
	default:
		return null;
	}
}

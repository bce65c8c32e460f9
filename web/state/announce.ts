/** What the live region says: one sentence for what changed for others, as a locale key with its words. */
import type { ServerEvent } from '../protocol/messages.ts';
import { type Inside, memberOf } from './meeting.ts';

export type Said =
	| { readonly key: 'say.arrived' | 'say.left' | 'say.lost' | 'say.back' | 'say.removed' | 'say.hand' | 'say.mic_off' | 'say.mic_on'
		| 'say.share_on' | 'say.share_off' | 'say.chat' | 'say.blocked_other'; readonly name: string }
	| { readonly key: 'say.locked' | 'say.unlocked' | 'say.blocked' | 'say.allowed' | 'say.hand_lowered' };

/** `before` is the state as it was before the event. */
export function announce(before: Inside, event: ServerEvent): Said | null {
	switch (event.t) {
	case 'arrived':
		return event.member.number === before.number ? null : { key: 'say.arrived', name: event.member.name };
	case 'departed': {
		const name = memberOf(before, event.number)?.name;
		if (name === undefined || event.number === before.number)
			return null;
		return { key: event.reason === 'removed' ? 'say.removed' : event.reason === 'lost' ? 'say.lost' : 'say.left', name };
	}
	case 'changed':
		return changed(before, event.member);
	case 'chat':
		return event.number === before.number || before.panel === 'chat' ? null : { key: 'say.chat', name: event.name };
	case 'locked':
		return { key: event.locked ? 'say.locked' : 'say.unlocked' };
	case 'blocked':
		return { key: event.sources.length > before.blocked.length ? 'say.blocked' : 'say.allowed' };
	default:
		return null;
	}
}

function changed(before: Inside, member: Extract<ServerEvent, { t: 'changed' }>['member']): Said | null {
	const was = memberOf(before, member.number);
	if (!was)
		return null;
	if (member.number === before.number)
		return was.hand > 0 && member.hand === 0 ? { key: 'say.hand_lowered' } : null;
	const name = member.name;
	if (was.hand === 0 && member.hand > 0)
		return { key: 'say.hand', name };
	if (was.screen !== member.screen)
		return { key: member.screen ? 'say.share_on' : 'say.share_off', name };
	if (member.blocked.length > was.blocked.length)
		return { key: 'say.blocked_other', name };
	if (was.away && !member.away)
		return { key: 'say.back', name };
	if (was.mic !== member.mic)
		return { key: member.mic ? 'say.mic_on' : 'say.mic_off', name };
	return null;
}

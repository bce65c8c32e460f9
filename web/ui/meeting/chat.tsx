/** Chat in its simple form: plain text, gone with the meeting. A line is drawn by `Line`; richer ones get their own. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ChatLine } from '../../protocol/messages.ts';
import type { Inside } from '../../state/meeting.ts';
import { t, timeOf } from '../i18n.ts';
import { IconButton } from '../parts/button.tsx';
import { Icon } from '../parts/icon.tsx';
import type { Session } from '../session/session.ts';
import { closePanel } from './panel.ts';

const TEXT_MAX = 2000;

export function ChatPanel({ session, inside }: { session: Session; inside: Inside }) {
	const [text, setText] = useState('');
	const [busy, setBusy] = useState(false);
	const list = useRef<HTMLOListElement>(null);
	const input = useRef<HTMLTextAreaElement>(null);
	const atEnd = useRef(true);

	useEffect(() => input.current?.focus(), []);
	useLayoutEffect(() => {
		if (atEnd.current && list.current)
			list.current.scrollTop = list.current.scrollHeight;
	}, [inside.chat.length]);
	useLayoutEffect(() => {
		const area = input.current;
		if (!area)
			return;
		area.style.height = 'auto';
		area.style.height = `${Math.min(160, area.scrollHeight + 2)}px`;
	}, [text]);

	const send = async () => {
		const said = text.trim();
		if (said === '' || busy)
			return;
		setBusy(true);
		if (await session.tell('chat', { text: said }))
			setText('');
		setBusy(false);
		input.current?.focus();
	};
	return (
		<aside class="panel" aria-labelledby="chat-title" data-testid="chat-panel">
			<header>
				<h2 id="chat-title">{t('chat.title')}</h2>
				<IconButton icon="close" name={t('common.close')} onClick={() => closePanel(session, 'chat')} />
			</header>
			<ol class="chat" ref={list} tabIndex={0} aria-label={t('chat.messages')} data-testid="chat"
				onScroll={(event) => {
					const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
					atEnd.current = scrollTop + clientHeight > scrollHeight - 24;
				}}>
				{inside.chat.length === 0 && <li class="chat-none">{t('chat.none')}</li>}
				{inside.chat.map((line, i) => (
					<Line key={i} line={line} own={line.number === inside.number} follows={follows(inside.chat[i - 1], line)} />
				))}
			</ol>
			<form class="chat-form" onSubmit={(event) => {
				event.preventDefault();
				send();
			}}>
				<textarea ref={input} rows={1} value={text} maxLength={TEXT_MAX} placeholder={t('chat.write')} aria-label={t('chat.write')}
					data-testid="chat-input" onInput={(event) => setText(event.currentTarget.value)}
					onKeyDown={(event) => {
						if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
							event.preventDefault();
							send();
						}
					}} />
				<button type="submit" class="icon-button send" aria-label={t('chat.send')} title={t('chat.send')} data-testid="chat-send">
					<Icon name="send" />
				</button>
			</form>
		</aside>
	);
}

/** The same person again within two minutes: the name need not be said twice. */
function follows(before: ChatLine | undefined, line: ChatLine): boolean {
	return before !== undefined && before.number === line.number && line.at - before.at < 120;
}

function Line({ line, own, follows: again }: { line: ChatLine; own: boolean; follows: boolean }) {
	return (
		<li class={`chat-line${own ? ' own' : ''}${again ? ' again' : ''}`} data-testid="chat-line" data-number={line.number}>
			{!again && (
				<div class="chat-who">
					<strong>{own ? t('chat.you') : line.name}</strong>
					{line.guest && <span class="badge guest">{t('badge.guest')}</span>}
					<time>{timeOf(line.at)}</time>
				</div>
			)}
			<p dir="auto">{line.text}</p>
		</li>
	);
}

import type { Me } from '../../protocol/rest.ts';
import type { Ending } from '../../state/meeting.ts';
import { useScreen } from '../hooks.ts';
import { type Key, t } from '../i18n.ts';
import { Button } from '../parts/button.tsx';
import { Gate, Word } from '../parts/shell.tsx';
import type { IconName } from '../parts/icon.tsx';
import { go } from '../router.ts';

const WORDS: Record<Ending, { readonly title: Key; readonly text: Key; readonly icon: IconName; readonly again: boolean; readonly screen: string }> = {
	left: { title: 'over.left_title', text: 'over.left_text', icon: 'door', again: true, screen: 'left' },
	removed: { title: 'over.removed_title', text: 'over.removed_text', icon: 'remove', again: false, screen: 'removed' },
	ended: { title: 'over.ended_title', text: 'over.ended_text', icon: 'check', again: false, screen: 'closed' },
	replaced: { title: 'over.replaced_title', text: 'over.replaced_text', icon: 'screen', again: true, screen: 'left' },
	session: { title: 'over.session_title', text: 'over.session_text', icon: 'key', again: true, screen: 'left' },
	kicked: { title: 'over.kicked_title', text: 'over.kicked_text', icon: 'alert', again: true, screen: 'error' },
	lost: { title: 'over.lost_title', text: 'over.lost_text', icon: 'offline', again: true, screen: 'error' },
};

export function Over({ how, title, me, onAgain }: { how: Ending; title: string; me: Me | null; onAgain: () => void }) {
	const words = WORDS[how];
	useScreen(words.screen, t(words.title));
	return (
		<Gate>
			<Word icon={words.icon} title={t(words.title)} text={title ? t('over.in_room', { title, text: t(words.text) }) : t(words.text)}>
				{words.again && <Button kind="primary" icon="again" onClick={how === 'session' ? () => location.reload() : onAgain} testId="rejoin">{t('over.again')}</Button>}
				{me && how !== 'session' && <Button onClick={() => go('/')}>{t('over.rooms')}</Button>}
			</Word>
		</Gate>
	);
}

import { SHORTCUTS, type Command } from '../../state/shortcuts.ts';
import { type Key, t } from '../i18n.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Check } from '../parts/field.tsx';
import { prefs, setPrefs } from '../session/prefs.ts';

const WORDS: Record<Command, Key> = {
	mic: 'shortcut.mic', talk: 'shortcut.talk', camera: 'shortcut.camera', screen: 'shortcut.screen', hand: 'shortcut.hand',
	chat: 'shortcut.chat', people: 'shortcut.people', layout: 'shortcut.layout', unpin: 'shortcut.unpin', next: 'shortcut.next',
	previous: 'shortcut.previous', fullscreen: 'shortcut.fullscreen', figures: 'shortcut.figures', leave: 'shortcut.leave',
	help: 'shortcut.help',
};

function keyName(key: string): string {
	return key === ' ' ? t('key.space') : key === 'pagedown' ? 'Page Down' : key === 'pageup' ? 'Page Up' : key.toUpperCase();
}

export function Help({ onClose }: { onClose: () => void }) {
	return (
		<Dialog title={t('help.title')} onClose={onClose}>
			<dl class="keys" data-testid="shortcuts">
				{SHORTCUTS.map((s) => (
					<div key={s.command}><dt>{t(WORDS[s.command])}</dt><dd><kbd>{keyName(s.key)}</kbd></dd></div>
				))}
			</dl>
			<Check label={t('help.letters')} hint={t('help.letters_hint')} checked={prefs.get().shortcuts}
				onChange={(shortcuts) => setPrefs({ shortcuts })} />
		</Dialog>
	);
}

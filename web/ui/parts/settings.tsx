import { t } from '../i18n.ts';
import { type Language, type Theme, prefs, setPrefs } from '../session/prefs.ts';
import { Segments } from './field.tsx';
import { Pop } from './menu.tsx';

export function LanguageAndTheme() {
	const { language, theme } = prefs.get();
	return (
		<div class="stack">
			<Segments<Language> label={t('settings.language')} value={language} onChange={(value) => setPrefs({ language: value })}
				options={[{ value: 'vi', label: 'Tiếng Việt' }, { value: 'en', label: 'English' }]} />
			<Segments<Theme> label={t('settings.theme')} value={theme} onChange={(value) => setPrefs({ theme: value })}
				options={[
					{ value: 'auto', label: t('settings.theme_auto') },
					{ value: 'light', label: t('settings.theme_light') },
					{ value: 'dark', label: t('settings.theme_dark') },
				]} />
		</div>
	);
}

/** On every screen: the other language is one press away, in its own words. */
export function LanguageSwitch() {
	const other: Language = prefs.get().language === 'vi' ? 'en' : 'vi';
	return (
		<button type="button" class="language" lang={other} data-testid="language" onClick={() => setPrefs({ language: other })}>
			{other === 'vi' ? 'Tiếng Việt' : 'English'}
		</button>
	);
}

export function ThemeButton() {
	return (
		<Pop name={t('settings.title')} icon="theme">
			{() => <LanguageAndTheme />}
		</Pop>
	);
}

export function applyTheme(): void {
	const { theme, language } = prefs.get();
	if (theme === 'auto')
		delete document.documentElement.dataset['theme'];
	else
		document.documentElement.dataset['theme'] = theme;
	document.documentElement.lang = language;
}


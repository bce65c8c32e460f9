import { useState } from 'preact/hooks';
import { type Me, RestError, rest } from '../../protocol/rest.ts';
import { restText } from '../errors.ts';
import { t } from '../i18n.ts';
import { say } from '../notices.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Alert, Field } from '../parts/field.tsx';
import { LanguageAndTheme } from '../parts/settings.tsx';

export function Account({ me, onClose }: { me: Me; onClose: () => void }) {
	const [old, setOld] = useState('');
	const [fresh, setFresh] = useState('');
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState('');
	const change = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		setError('');
		try {
			await rest.password(old, fresh);
			setOld('');
			setFresh('');
			say(t('account.password_changed'));
		} catch (problem) {
			setError(problem instanceof RestError && problem.code === 'bad_login' ? t('account.old_wrong') : restText(problem));
		}
		setBusy(false);
	};
	return (
		<Dialog title={t('nav.settings')} onClose={onClose}>
			<LanguageAndTheme />
			<form class="stack section" onSubmit={change}>
				<h3>{t('account.password')}</h3>
				<input type="text" name="username" autoComplete="username" value={me.name} readOnly hidden />
				<Field label={t('account.old')} name="old" type="password" value={old} onInput={setOld} autocomplete="current-password" required />
				<Field label={t('account.new')} name="new" type="password" value={fresh} onInput={setFresh} autocomplete="new-password"
					minLength={10} maxLength={256} hint={t('account.password_hint')} required />
				{error && <Alert>{error}</Alert>}
				<footer><Button type="submit" kind="primary" busy={busy}>{t('account.change')}</Button></footer>
			</form>
		</Dialog>
	);
}

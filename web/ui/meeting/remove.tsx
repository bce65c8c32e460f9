/** Asks before somebody is removed; of a guest, who holds the room's password, also whether it is to change. */
import { useState } from 'preact/hooks';
import type { Member } from '../../protocol/messages.ts';
import { rest } from '../../protocol/rest.ts';
import { restText } from '../errors.ts';
import { t } from '../i18n.ts';
import { say } from '../notices.ts';
import { Button, CopyBox } from '../parts/button.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import type { Session } from '../session/session.ts';

export function RemovePerson({ session, member, onClose }: { session: Session; member: Member; onClose: () => void }) {
	const [busy, setBusy] = useState(false);
	const [password, setPassword] = useState('');
	const remove = () => session.tell('remove', { number: member.number });
	const removeAndRenew = async () => {
		setBusy(true);
		try {
			// The password first: the removed one is told at once and may be quick.
			const { password: fresh } = await rest.roomPassword(session.room);
			await remove();
			setPassword(fresh);
		} catch (problem) {
			say(restText(problem));
			onClose();
		}
	};
	if (!member.guest)
		return (
			<Confirm title={t('host.remove_title', { name: member.name })} text={t('host.remove_text')} yes={t('host.remove')}
				onClose={onClose} onYes={remove} />
		);
	if (password)
		return (
			<Dialog title={t('rooms.new_password')} onClose={onClose}>
				<p>{t('rooms.password_once')}</p>
				<CopyBox text={password} label={t('rooms.password')} secret />
				<footer><Button kind="primary" testId="password-done" onClick={onClose}>{t('common.done')}</Button></footer>
			</Dialog>
		);
	return (
		<Dialog title={t('host.remove_title', { name: member.name })} onClose={onClose}>
			<p>{t('host.remove_text_guest')}</p>
			<footer>
				<Button onClick={onClose}>{t('common.cancel')}</Button>
				<Button busy={busy} testId="confirm-renew" onClick={removeAndRenew}>{t('host.remove_renew')}</Button>
				<Button kind="danger" testId="confirm" onClick={() => {
					onClose();
					remove();
				}}>{t('host.remove')}</Button>
			</footer>
		</Dialog>
	);
}

/** A room's devices: who has a token to send (WHIP) or to watch (WHEP) without this client. */
import { useState } from 'preact/hooks';
import { type Room, type Token, type TokenMade, type TokenRight, rest } from '../../protocol/rest.ts';
import { dateOf, t } from '../i18n.ts';
import { say } from '../notices.ts';
import { Button, CopyBox, IconButton } from '../parts/button.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { Alert, Choice, Field } from '../parts/field.tsx';
import { Icon } from '../parts/icon.tsx';
import { useForm, useList } from '../rest_hooks.ts';

type Open = { readonly what: 'made'; readonly token: TokenMade } | { readonly what: 'revoke'; readonly token: Token };

export function Devices({ room, onClose }: { room: Room; onClose: () => void }) {
	const { list, error, load, act } = useList(() => rest.tokens(room.id));
	const [open, setOpen] = useState<Open | null>(null);

	if (open?.what === 'made')
		return <Made token={open.token} onClose={() => setOpen(null)} />;
	if (open?.what === 'revoke') {
		const { id, name } = open.token;
		return (
			<Confirm title={t('devices.revoke_title', { name })} text={t('devices.revoke_text')} yes={t('devices.revoke')}
				onClose={() => setOpen(null)} onYes={() => act(async () => {
					await rest.tokenRevoke(room.id, id);
					say(t('devices.revoked', { name }));
				})} />
		);
	}
	return (
		<Dialog title={t('devices.title', { title: room.title })} onClose={onClose}>
			<p>{t('devices.lead')}</p>
			{error && <Alert>{error}</Alert>}
			{!list && !error && <span class="spinner" />}
			{list && list.length > 0 && (
				<ul class="cards tight" data-testid="devices">
					{list.map((token) => <Row key={token.id} token={token} onRevoke={() => setOpen({ what: 'revoke', token })} />)}
				</ul>
			)}
			<MakeToken room={room} onMade={(token) => {
				load();
				setOpen({ what: 'made', token });
			}} />
		</Dialog>
	);
}

function Row({ token, onRevoke }: { token: Token; onRevoke: () => void }) {
	return (
		<li class="card" data-testid="device">
			<div class="card-main">
				<h3>{token.name}</h3>
				<ul class="facts">
					<li><Icon name={token.right === 'publish' ? 'camera' : 'screen'} size={16} />
						{token.right === 'publish' ? t('devices.publish') : t('devices.view')}</li>
					<li>{token.used ? t('devices.used', { when: dateOf(token.used) }) : t('devices.never_used')}</li>
					{token.expires > 0 && <li>{t('devices.expires', { when: dateOf(token.expires) })}</li>}
				</ul>
			</div>
			<div class="card-acts">
				<IconButton icon="trash" name={t('devices.revoke_title', { name: token.name })} onClick={onRevoke} testId="device-revoke" />
			</div>
		</li>
	);
}

function MakeToken({ room, onMade }: { room: Room; onMade: (token: TokenMade) => void }) {
	const [name, setName] = useState('');
	const [right, setRight] = useState<TokenRight>('publish');
	const { busy, error, submit } = useForm(async () => onMade(await rest.tokenMake(room.id, { name: name.trim(), right })));
	return (
		<form class="stack" onSubmit={submit}>
			<Field label={t('devices.name')} name="device" value={name} onInput={setName} hint={t('devices.name_hint')} maxLength={64} required
				testId="device-name" />
			<Choice<TokenRight> label={t('devices.right')} value={right} onChange={setRight} testId="device-right"
				options={[{ value: 'publish', label: t('devices.publish') }, { value: 'view', label: t('devices.view') }]} />
			{error && <Alert>{error}</Alert>}
			<footer><Button type="submit" kind="primary" icon="key" busy={busy} testId="device-make">{t('devices.make')}</Button></footer>
		</form>
	);
}

function Made({ token, onClose }: { token: TokenMade; onClose: () => void }) {
	return (
		<Dialog title={token.name} onClose={onClose}>
			<p>{t('devices.made_text')}</p>
			<CopyBox text={token.address} label={t('devices.address')} />
			<p>{t('devices.once')}</p>
			<CopyBox text={token.token} label={t('devices.token')} secret />
			<footer><Button kind="primary" onClick={onClose} testId="device-done">{t('common.done')}</Button></footer>
		</Dialog>
	);
}

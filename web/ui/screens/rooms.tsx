import { useState } from 'preact/hooks';
import { type Me, type Room, rest } from '../../protocol/rest.ts';
import { useScreen } from '../hooks.ts';
import { t, tn } from '../i18n.ts';
import { say } from '../notices.ts';
import { Button, CopyBox, copyText } from '../parts/button.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { Alert, Check, Field } from '../parts/field.tsx';
import { Icon } from '../parts/icon.tsx';
import { Item, Pop } from '../parts/menu.tsx';
import { Word } from '../parts/shell.tsx';
import { type Listed, useForm, useList } from '../rest_hooks.ts';
import { go } from '../router.ts';
import { Devices } from './devices.tsx';

/** How old the number of people in a room may be on the screen. */
const LIVE_MS = 15_000;

export function urlOf(room: Room): string {
	return /^https?:/.test(room.url) ? room.url : `${location.origin}/r/${room.id}`;
}

/** What one sends to people. Never the password: it goes another way. */
export function invitation(room: Room): string {
	return t('rooms.invitation', { title: room.title, url: urlOf(room) });
}

type Act = Listed<Room>['act'];

type Open =
	| { readonly what: 'make' }
	| { readonly what: 'password'; readonly room: Room; readonly password: string; readonly fresh: boolean }
	| { readonly what: 'edit'; readonly room: Room }
	| { readonly what: 'renew'; readonly room: Room }
	| { readonly what: 'devices'; readonly room: Room }
	| { readonly what: 'remove'; readonly room: Room };

export function Rooms({ me }: { me: Me }) {
	useScreen('rooms', t('nav.rooms'));
	const { list: rooms, error, load, act } = useList(() => rest.rooms(), LIVE_MS);
	const [open, setOpen] = useState<Open | null>(null);
	const mayMake = me.role !== 'member';
	const renew = (room: Room) => act(async () => {
		const { password } = await rest.roomPassword(room.id);
		setOpen({ what: 'password', room, password, fresh: false });
	});

	return (
		<>
			<div class="page-head">
				<div>
					<h1>{t('nav.rooms')}</h1>
					<p>{mayMake ? t('rooms.lead') : t('rooms.lead_member')}</p>
				</div>
				{mayMake && <Button kind="primary" icon="plus" testId="room-make" onClick={() => setOpen({ what: 'make' })}>{t('rooms.make')}</Button>}
			</div>
			{error && <Alert>{error}</Alert>}
			{!rooms && !error && <span class="spinner big" />}
			{rooms?.length === 0 && (
				<Word icon="door" title={mayMake ? t('rooms.none_title') : t('rooms.none_member_title')}
					text={mayMake ? t('rooms.none_text') : t('rooms.none_member_text')}>
					{mayMake && <Button kind="primary" icon="plus" onClick={() => setOpen({ what: 'make' })}>{t('rooms.make')}</Button>}
				</Word>
			)}
			{rooms && rooms.length > 0 && (
				<ul class="cards">
					{rooms.map((room) => <RoomCard key={room.id} room={room} onOpen={setOpen} act={act} />)}
				</ul>
			)}

			{open?.what === 'make' && (
				<MakeRoom onClose={() => setOpen(null)} onMade={(room) => {
					load();
					setOpen({ what: 'password', room, password: room.password ?? '', fresh: true });
				}} />
			)}
			{open?.what === 'edit' && <EditRoom room={open.room} onClose={() => setOpen(null)} act={act} />}
			{open?.what === 'password' && (
				<Dialog title={open.fresh ? t('rooms.made_title', { title: open.room.title }) : t('rooms.new_password')} onClose={() => setOpen(null)}>
					<p>{t('rooms.password_once')}</p>
					<CopyBox text={open.password} label={t('rooms.password')} secret />
					<p>{t('rooms.address_text')}</p>
					<CopyBox text={urlOf(open.room)} label={t('rooms.address')} />
					<footer>
						<Button onClick={() => setOpen(null)} testId="password-done">{t('common.done')}</Button>
						<Button kind="primary" onClick={() => go(`/r/${open.room.id}`)} testId="password-open">{t('rooms.open')}</Button>
					</footer>
				</Dialog>
			)}
			{open?.what === 'renew' && (
				<Confirm title={t('rooms.new_password')} text={t('rooms.new_password_text')} yes={t('rooms.new_password_yes')}
					onClose={() => setOpen(null)} onYes={() => renew(open.room)} />
			)}
			{open?.what === 'devices' && <Devices room={open.room} onClose={() => setOpen(null)} />}
			{open?.what === 'remove' && (
				<Confirm title={t('rooms.remove_title', { title: open.room.title })} text={t('rooms.remove_text')} yes={t('rooms.remove')}
					onClose={() => setOpen(null)} onYes={() => act(async () => {
						await rest.roomRemove(open.room.id);
						say(t('rooms.removed', { title: open.room.title }));
					})} />
			)}
		</>
	);
}

function RoomCard({ room, onOpen, act }: { room: Room; onOpen: (open: Open) => void; act: Act }) {
	const then = (close: () => void, work: () => void) => () => {
		close();
		work();
	};
	return (
		<li class={`card room${room.closed ? ' closed' : ''}`} data-testid="room" data-room={room.id}>
			<div class="card-main">
				<h2>{room.title}</h2>
				<ul class="facts">
					{room.live.people > 0 && <li class="live"><span class="dot" />{tn('rooms.live', room.live.people)}</li>}
					{room.closed && <li><Icon name="ban" size={16} />{t('rooms.closed')}</li>}
					<li><Icon name={room.guests ? 'globe' : 'shield'} size={16} />{room.guests ? t('rooms.guests_on') : t('rooms.guests_off')}</li>
					<li><Icon name="people" size={16} />{t('rooms.max', { count: room.max })}</li>
				</ul>
			</div>
			<div class="card-acts">
				<Button icon="copy" testId="room-invite" onClick={() => copyText(invitation(room), t('rooms.invitation_copied'))}>
					{t('rooms.invite')}
				</Button>
				{!room.closed && <Button kind="primary" icon="door" testId="room-open" onClick={() => go(`/r/${room.id}`)}>{t('rooms.open')}</Button>}
				<Pop name={t('rooms.more', { title: room.title })} icon="dots" menu testId="room-more">
					{(close) => (
						<>
							<Item icon="edit" onClick={then(close, () => onOpen({ what: 'edit', room }))}>{t('rooms.edit')}</Item>
							<Item icon="key" testId="room-password" onClick={then(close, () => onOpen({ what: 'renew', room }))}>
								{t('rooms.new_password')}
							</Item>
							<Item icon="camera" testId="room-devices" onClick={then(close, () => onOpen({ what: 'devices', room }))}>
								{t('devices.open')}
							</Item>
							<Item icon={room.guests ? 'shield' : 'globe'} onClick={then(close, () => act(() =>
								rest.roomChange(room.id, { guests: !room.guests })))}>
								{room.guests ? t('rooms.guests_turn_off') : t('rooms.guests_turn_on')}
							</Item>
							<Item icon={room.closed ? 'power' : 'ban'} onClick={then(close, () => act(() =>
								rest.roomChange(room.id, { closed: !room.closed })))}>
								{room.closed ? t('rooms.reopen') : t('rooms.close')}
							</Item>
							<Item icon="trash" danger testId="room-remove" onClick={then(close, () => onOpen({ what: 'remove', room }))}>
								{t('rooms.remove')}
							</Item>
						</>
					)}
				</Pop>
			</div>
		</li>
	);
}

function MakeRoom({ onClose, onMade }: { onClose: () => void; onMade: (room: Room) => void }) {
	const [title, setTitle] = useState('');
	const [guests, setGuests] = useState(false);
	const [max, setMax] = useState('100');
	const { busy, error, submit } = useForm(async () => onMade(await rest.roomMake({ title: title.trim(), guests, max: Number(max) })));
	return (
		<Dialog title={t('rooms.make')} onClose={onClose}>
			<form class="stack" onSubmit={submit}>
				<RoomFields title={title} setTitle={setTitle} guests={guests} setGuests={setGuests} max={max} setMax={setMax} />
				<p class="hint">{t('rooms.password_hint')}</p>
				{error && <Alert>{error}</Alert>}
				<footer>
					<Button onClick={onClose}>{t('common.cancel')}</Button>
					<Button type="submit" kind="primary" busy={busy} testId="room-submit">{t('rooms.make')}</Button>
				</footer>
			</form>
		</Dialog>
	);
}

function EditRoom({ room, onClose, act }: { room: Room; onClose: () => void; act: Act }) {
	const [title, setTitle] = useState(room.title);
	const [guests, setGuests] = useState(room.guests);
	const [max, setMax] = useState(String(room.max));
	const [banner, setBanner] = useState(room.banner ?? '');
	const [contact, setContact] = useState(room.contact ?? '');
	return (
		<Dialog title={t('rooms.edit')} onClose={onClose}>
			<form class="stack" onSubmit={(event) => {
				event.preventDefault();
				onClose();
				act(() => rest.roomChange(room.id, {
					title: title.trim(), guests, max: Number(max),
					...(banner === (room.banner ?? '') ? {} : { banner: banner.trim() }),
					...(contact === (room.contact ?? '') ? {} : { contact: contact.trim() }),
				}));
			}}>
				<RoomFields title={title} setTitle={setTitle} guests={guests} setGuests={setGuests} max={max} setMax={setMax} />
				<Field label={t('rooms.banner')} name="banner" value={banner} onInput={setBanner} maxLength={300} hint={t('rooms.banner_hint')} />
				<Field label={t('rooms.contact')} name="contact" value={contact} onInput={setContact} maxLength={200} />
				<footer>
					<Button onClick={onClose}>{t('common.cancel')}</Button>
					<Button type="submit" kind="primary">{t('common.save')}</Button>
				</footer>
			</form>
		</Dialog>
	);
}

function RoomFields({ title, setTitle, guests, setGuests, max, setMax }: {
	title: string; setTitle: (v: string) => void; guests: boolean; setGuests: (v: boolean) => void; max: string; setMax: (v: string) => void;
}) {
	return (
		<>
			<Field label={t('rooms.title')} name="title" value={title} onInput={setTitle} maxLength={100} autofocus required testId="room-title" />
			<Check label={t('rooms.guests')} hint={t('rooms.guests_hint')} checked={guests} onChange={setGuests} testId="room-guests" />
			<Field label={t('rooms.max_label')} name="max" type="number" value={max} onInput={setMax} min={2} max={500} required />
		</>
	);
}

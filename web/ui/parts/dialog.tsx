import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { t } from '../i18n.ts';
import { Button, IconButton } from './button.tsx';

interface DialogProps {
	readonly title: string;
	readonly onClose: () => void;
	readonly children: ComponentChildren;
	readonly size?: 'small' | 'medium';
}

/** A native modal dialog: focus, Escape and the inert page are the browser's work. */
export function Dialog({ title, onClose, children, size = 'medium' }: DialogProps) {
	const ref = useRef<HTMLDialogElement>(null);
	const id = useId();
	useEffect(() => {
		const dialog = ref.current;
		if (!dialog)
			return undefined;
		const before = document.activeElement;
		dialog.showModal();
		dialog.querySelector<HTMLElement>('[autofocus]')?.focus();
		return () => {
			dialog.close();
			if (before instanceof HTMLElement && before.isConnected)
				before.focus();
		};
	}, []);
	return (
		<dialog ref={ref} class={`dialog ${size}`} aria-labelledby={id}
			onCancel={(event) => {
				event.preventDefault();
				onClose();
			}}
			onClick={(event) => {
				if (event.target === ref.current)
					onClose();
			}}>
			<div class="dialog-box">
				<header>
					<h2 id={id}>{title}</h2>
					<IconButton icon="close" name={t('common.close')} onClick={onClose} />
				</header>
				{children}
			</div>
		</dialog>
	);
}

interface ConfirmProps {
	readonly title: string;
	readonly text: string;
	readonly yes: string;
	readonly onYes: () => void;
	readonly onClose: () => void;
}

export function Confirm({ title, text, yes, onYes, onClose }: ConfirmProps) {
	return (
		<Dialog title={title} onClose={onClose} size="small">
			<p>{text}</p>
			<footer>
				<Button onClick={onClose}>{t('common.cancel')}</Button>
				<Button kind="danger" testId="confirm" onClick={() => {
					onClose();
					onYes();
				}}>{yes}</Button>
			</footer>
		</Dialog>
	);
}

/** A button and what opens at it: a native popover, placed by hand since anchors are not everywhere yet. */
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icon.tsx';

const hasPopover = 'popover' in HTMLElement.prototype;
const EDGE = 8;

interface PopProps {
	readonly name: string;
	readonly icon: IconName;
	readonly kind?: string;
	readonly label?: string;
	readonly size?: number;
	readonly children: (close: () => void) => ComponentChildren;
	readonly testId?: string;
	readonly menu?: boolean;
	readonly open?: number;
	readonly content?: ComponentChildren;
}

export function Pop({ name, icon, kind = 'icon-button', label, size = 20, children, testId, menu = false, open: ask = 0, content }: PopProps) {
	const id = useId();
	const button = useRef<HTMLButtonElement>(null);
	const box = useRef<HTMLDivElement>(null);
	const [open, setOpen] = useState(false);
	// The focus goes back to the button, or it would be lost with what it stood on.
	const close = () => {
		setOpen(false);
		button.current?.focus();
	};

	useLayoutEffect(() => {
		if (ask > 0)
			setOpen((now) => !now);
	}, [ask]);

	useLayoutEffect(() => {
		const element = box.current;
		if (!open || !element)
			return undefined;
		if (hasPopover && !element.matches(':popover-open'))
			element.showPopover();
		place(element, button.current);
		element.querySelector<HTMLElement>('button, input, select, a')?.focus();
		// Only where there is no popover: closing by a press outside or by Escape is the browser's work otherwise.
		const outside = (event: Event) => {
			if (!element.contains(event.target as Node) && !button.current?.contains(event.target as Node))
				setOpen(false);
		};
		const escape = (event: KeyboardEvent) => {
			if (event.key === 'Escape') {
				setOpen(false);
				button.current?.focus();
			}
		};
		const moved = () => place(element, button.current);
		addEventListener('resize', moved);
		// What it holds may change while it is open: the window turned narrow, the language changed.
		const observer = new ResizeObserver(moved);
		observer.observe(element);
		if (!hasPopover) {
			addEventListener('pointerdown', outside);
			addEventListener('keydown', escape);
		}
		return () => {
			observer.disconnect();
			removeEventListener('resize', moved);
			removeEventListener('pointerdown', outside);
			removeEventListener('keydown', escape);
		};
	}, [open]);

	const arrows = (event: KeyboardEvent) => {
		if (!menu || !['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(event.key))
			return;
		event.preventDefault();
		const items = [...(box.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])];
		const at = items.indexOf(document.activeElement as HTMLElement);
		const to = event.key === 'Home' ? 0 : event.key === 'End' ? items.length - 1
			: (at + (event.key === 'ArrowDown' ? 1 : -1) + items.length) % items.length;
		items[to]?.focus();
	};

	return (
		<>
			<button ref={button} type="button" class={kind} aria-label={name} title={label ? undefined : name}
				aria-haspopup={menu ? 'menu' : 'dialog'} aria-expanded={open} aria-controls={open ? id : undefined} data-testid={testId}
				onPointerDown={(event) => {
					// A press on the button of an open popover would close it, and the click open it again.
					if (open && hasPopover)
						event.currentTarget.dataset['wasOpen'] = '1';
				}}
				onClick={(event) => {
					const was = event.currentTarget.dataset['wasOpen'];
					delete event.currentTarget.dataset['wasOpen'];
					setOpen(was ? false : !open);
				}}>
				{content ?? <Icon name={icon} size={size} />}
				{label && <span aria-hidden="true">{label}</span>}
			</button>
			{open && (
				<div ref={box} id={id} class="pop" popover={hasPopover ? 'auto' : undefined} role={menu ? 'menu' : 'dialog'} aria-label={name}
					onKeyDown={arrows}
					onToggle={(event) => {
						if (event.newState === 'closed')
							setOpen(false);
					}}>
					{children(close)}
				</div>
			)}
		</>
	);
}

function place(box: HTMLElement, button: HTMLElement | null): void {
	if (!button)
		return;
	const at = button.getBoundingClientRect();
	const { offsetWidth: width, offsetHeight: height } = box;
	const left = Math.min(Math.max(EDGE, at.left + at.width / 2 - width / 2), innerWidth - width - EDGE);
	const below = at.bottom + EDGE + height < innerHeight;
	box.style.left = `${Math.max(EDGE, left)}px`;
	box.style.top = `${below ? at.bottom + EDGE : Math.max(EDGE, at.top - height - EDGE)}px`;
}

interface ItemProps {
	readonly icon: IconName;
	readonly children: ComponentChildren;
	readonly onClick: () => void;
	readonly danger?: boolean;
	readonly testId?: string;
}

export function Item({ icon, children, onClick, danger, testId }: ItemProps) {
	return (
		<button type="button" role="menuitem" class={`item${danger ? ' danger' : ''}`} onClick={onClick} data-testid={testId}>
			<Icon name={icon} size={18} />
			<span>{children}</span>
		</button>
	);
}

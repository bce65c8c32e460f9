/** Addresses of this page: `/`, `/r/ID`, `/l#TOKEN`, `/people`. */
import { Store } from './session/store.ts';

export type Route =
	| { readonly to: 'home' }
	| { readonly to: 'people' }
	| { readonly to: 'room'; readonly id: string }
	| { readonly to: 'link'; readonly token: string }
	| { readonly to: 'nowhere' };

/** Taken once: the token must not stay in the address or in the history. */
let linkToken = '';

function read(): Route {
	const { pathname, hash } = location;
	const room = /^\/r\/([A-Za-z0-9_-]{22})\/?$/.exec(pathname)?.[1];
	if (room)
		return { to: 'room', id: room };
	if (pathname === '/l') {
		if (hash.length > 1) {
			linkToken = hash.slice(1);
			history.replaceState(null, '', '/l');
		}
		return { to: 'link', token: linkToken };
	}
	if (pathname === '/people')
		return { to: 'people' };
	return pathname === '/' ? { to: 'home' } : { to: 'nowhere' };
}

export const route = new Store<Route>(read());

addEventListener('popstate', () => route.set(read()));
addEventListener('hashchange', () => route.set(read()));

export function go(path: string): void {
	if (path !== location.pathname)
		history.pushState(null, '', path);
	route.set(read());
	scrollTo(0, 0);
}

/**
 * The headers that every answer carries, so that a page can do what the client needs and nothing else.
 */
#ifndef HOPKIN_FRONT_PAGE_HEADERS_H
#define HOPKIN_FRONT_PAGE_HEADERS_H

enum { PAGE_CSP_ROOM = 900 };

struct page_header {
	const char *name;       /* with its colon, as libwebsockets takes it */
	const char *value;
};

/** Ends with a NULL name. */
extern const struct page_header page_headers[];

/**
 * The content security policy of a page asked for at `host` ("name:port"), or, with NULL, of an answer that is no page:
 * it may do nothing at all.
 */
void page_csp(char out[PAGE_CSP_ROOM], const char *host);

#endif

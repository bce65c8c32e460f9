#include "password.h"

#include <ctype.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

enum { LEAST_DIFFERENT = 5, DIGITS_ONLY_LEAST = 16 };

/* What people begin with when told to choose: English, Vietnamese without marks, keyboards. Compared without digits and signs. */
static const char *const common_words[] = {
	"password", "passwords", "passw", "passwd", "pass", "matkhau", "matkhaumoi", "matma", "qwerty", "qwertyui", "qwertyuiop",
	"qwertyuiopasdfghjkl", "asdfgh", "asdfghjkl", "zxcvbnm", "qazwsx", "qazwsxedc", "abcdef", "abcdefgh", "abcdefghij", "admin",
	"administrator", "adminadmin", "letmein", "welcome", "iloveyou", "anhyeuem", "emyeuanh", "yeuem", "yeuanh", "xinchao",
	"vietnam", "hanoi", "saigon", "hochiminh", "hopkin", "hopkinhopkin", "meeting", "cuochop", "phonghop", "hoptructuyen", "root",
	"rootroot", "test", "testtest", "guest", "khach", "user", "username", "changeme", "secret", "bimat", "default", "server",
	"monkey", "dragon", "football", "bongda", "sunshine", "princess", "superman", "batman", "trustno",
};

static bool letters_are(const char *letters, const char *word)
{
	return word && word[0] && strcmp(letters, word) == 0;
}

/* Only a common word, or the account's name, with digits and signs around it? */
static bool built_on_common(const char *password, const char *name)
{
	char letters[PASSWORD_MOST_BYTES + 1], own[64] = "";
	size_t n = 0;
	for (const char *p = password; *p; p++) {
		if ((unsigned char)*p >= 0x80)
			return false;
		if (isalpha((unsigned char)*p))
			letters[n++] = (char)tolower((unsigned char)*p);
	}
	letters[n] = '\0';
	n = 0;
	for (const char *p = name ? name : ""; *p && n + 1 < sizeof own; p++) {
		if (isalpha((unsigned char)*p))
			own[n++] = (char)tolower((unsigned char)*p);
	}
	own[n] = '\0';
	if (letters_are(letters, own))
		return true;
	for (size_t i = 0; i < sizeof common_words / sizeof *common_words; i++) {
		if (letters_are(letters, common_words[i]))
			return true;
	}
	return false;
}

/* Each character one more, or one less, than the one before: 0123456789, zyxwvutsrq. */
static bool a_sequence(const char *password)
{
	int step = 0;
	for (const char *p = password + 1; *p; p++) {
		int d = p[0] - p[-1];
		bool wraps = p[-1] == '9' && p[0] == '0';
		if (wraps)
			d = 1;
		if ((d != 1 && d != -1) || (step && d != step))
			return false;
		step = d;
	}
	return true;
}

static bool well_formed(const char *password, size_t least)
{
	if (strlen(password) > PASSWORD_MOST_BYTES)
		return false;
	size_t chars = 0, different = 0;
	utf8proc_int32_t seen[LEAST_DIFFERENT];
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)password;
	while (*p) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate(p, -1, &c);
		if (n <= 0 || utf8proc_category(c) == UTF8PROC_CATEGORY_CC)
			return false;
		bool known = false;
		for (size_t i = 0; i < different; i++)
			known |= seen[i] == c;
		if (!known && different < LEAST_DIFFERENT)
			seen[different++] = c;
		chars++;
		p += n;
	}
	return chars >= least && chars <= PASSWORD_MOST_CHARS && different >= LEAST_DIFFERENT;
}

static bool acceptable(const char *password, const char *name, size_t least)
{
	if (!well_formed(password, least) || a_sequence(password) || built_on_common(password, name))
		return false;
	/* A telephone number or a date. */
	return strspn(password, "0123456789 .-/+") != strlen(password) || strlen(password) >= DIGITS_ONLY_LEAST;
}

bool password_acceptable(const char *password, const char *name)
{
	return acceptable(password, name, PASSWORD_LEAST_CHARS);
}

bool room_password_acceptable(const char *password)
{
	return acceptable(password, NULL, ROOM_PASSWORD_LEAST_CHARS);
}

/* Syllables as a Vietnamese speaker reads them out on the telephone: 18 beginnings and 32 ends, no marks to type. */
static const char *const beginnings[] = { "b", "ch", "d", "h", "kh", "l", "m", "n", "nh", "ph", "r", "s", "t", "th", "tr", "v", "x",
	"c" };
static const char *const ends[] = { "a", "ai", "am", "an", "ang", "ao", "at", "ay", "om", "on", "oi", "ot", "ong", "oan", "oang", "oc",
	"u", "ua", "ui", "um", "un", "ung", "uong", "uoi", "o", "oa", "ac", "anh", "ach", "au", "uc", "ut" };

/* With a mark or two they are words that nobody wants to read out in a meeting. */
static bool unkind(const char *s)
{
	static const char *const list[] = { "buoi", "cac", "cu", "cut", "du", "lon", "dai", "dau", "chet", "chui", "con", "cho", "bu",
		"bua", "hang", "hoi", "thui", "ngu", "lol", "dam", "vai", "but" };
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		if (strcmp(list[i], s) == 0)
			return true;
	}
	return false;
}

static void syllable(char out[12])
{
	do {
		snprintf(out, 12, "%s%s", beginnings[randombytes_uniform(sizeof beginnings / sizeof *beginnings)],
			ends[randombytes_uniform(sizeof ends / sizeof *ends)]);
	} while (unkind(out));
}

void password_generate(char out[PASSWORD_GENERATED_BYTES])
{
	char s[4][12];
	for (int i = 0; i < 4; i++)
		syllable(s[i]);
	snprintf(out, PASSWORD_GENERATED_BYTES, "%s-%s-%s-%s-%03u", s[0], s[1], s[2], s[3], (unsigned)randombytes_uniform(1000));
	sodium_memzero(s, sizeof s);
}

package privacy

import "strings"

// holdsSecret reads s once. Formats are tried only where a word begins, pairs and URLs only at "=" and ":", so that a text
// without any costs little more than looking at each byte.
func holdsSecret(s string) bool {
	inWord := false
	jwt := 0 // where a JWT may begin; a row that held none is not read again from its middle
	for i := range len(s) {
		c := s[i]
		if c >= 128 {
			inWord = false
			continue
		}
		if alnum[c] {
			if !inWord && secretAt(s[i:]) {
				return true
			}
			if !inWord && c == 'e' && i >= jwt && strings.HasPrefix(s[i:], "eyJ") {
				if dotted(s[i:], 10, 6, 6) {
					return true
				}
				jwt = i + slug.span(s[i:], len(s))
			}
			inWord = true
			continue
		}
		inWord = false
		switch c {
		case '=':
			if pair(s, i) {
				return true
			}
		case ':':
			if strings.HasPrefix(s[i:], "://") {
				if userinfo(s[i+3:]) {
					return true
				}
			} else if pair(s, i) {
				return true
			}
		case '-':
			if strings.HasPrefix(s[i:], "-----BEGIN ") && privateKey(s[i:]) {
				return true
			}
		}
	}
	return false
}

// secretAt reports whether s, at the beginning of a word, begins with a secret.
func secretAt(s string) bool {
	switch s[0] {
	case 'S':
		if strings.HasPrefix(s, "SG.") && dotted(s[3:], 16, 16) {
			return true // SendGrid
		}
	case 'B', 'b':
		if len(s) > 7 && strings.EqualFold(s[:7], "bearer ") && bearer(s[7:]) {
			return true
		}
	}
	for i := range begins[s[0]] {
		if begins[s[0]][i].matches(s) {
			return true
		}
	}
	return false
}

// bearer reports whether s begins with a bearer token: at least 20 characters, a digit among the first 64. Without the
// digit it is a long word.
func bearer(s string) bool {
	n := token.span(s, 64)
	return n >= 20 && strings.ContainsAny(s[:n], "0123456789")
}

// dotted reports whether s begins with parts joined by dots, each at least as long as given.
func dotted(s string, lengths ...int) bool {
	for i, want := range lengths {
		if i > 0 {
			if s == "" || s[0] != '.' {
				return false
			}
			s = s[1:]
		}
		n := slug.span(s, len(s))
		if n < want {
			return false
		}
		s = s[n:]
	}
	return true
}

// privateKey reports whether s begins with the head of a PEM block that holds a private key.
func privateKey(s string) bool {
	head := s[len("-----BEGIN "):]
	head = head[:min(len(head), 48)]
	label, _, ok := strings.Cut(head, "-----")
	return ok && strings.Contains(label, "PRIVATE KEY")
}

// userinfo reports whether s, the part of a URL behind "://", begins with a user and a password.
func userinfo(s string) bool {
	s = s[:min(len(s), 512)]
	if end := strings.IndexAny(s, "/?# \t\r\n\"'<>`"); end >= 0 {
		s = s[:end]
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return false
	}
	_, password, ok := strings.Cut(s[:at], ":")
	return ok && password != "" && !placeholder(password)
}

// Sends refused uploads with Go's client, and says for each kind how many answers did not arrive.
// Usage: early BASE KEY PICTURE TRIES
package main

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const patience = 20 * time.Second

// A client that fails this often in one row is not tried further there: each failure may take its whole patience.
const enough = 10

// What is wrong with a request, the answer that it must get, and the sizes that it is tried with in turn.
type refusal struct {
	name, key, chat, head string
	status                int
	sizes                 []int
}

// A body as the client takes it: with its length, or as a stream without one, which is sent in chunks.
type client struct {
	name string
	body func([]byte) io.Reader
}

func main() {
	base, key, picture := os.Args[1], os.Args[2], os.Args[3]
	tries, err := strconv.Atoi(os.Args[4])
	must(err)
	good, err := os.ReadFile(picture)
	must(err)
	sizes := []int{1, 2, 5, 10}
	refusals := []refusal{
		{"wrong key", "bl_live_none", "%2B15551234567", "GIF89a", 401, sizes},
		{"wrong format", key, "%2B15551234567", "BM", 400, sizes},
		{"bad id", key, "15551234567", "GIF89a", 400, sizes},
		{"too large", key, "%2B15551234567", "GIF89a", 400, []int{12, 30}},
	}
	clients := []client{
		{"Go", func(b []byte) io.Reader { return bytes.NewReader(b) }},
		{"Go, chunked", func(b []byte) io.Reader { return io.MultiReader(bytes.NewReader(b)) }},
	}
	for _, c := range clients {
		for _, r := range refusals {
			pool := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}, Timeout: patience}
			var failures []string
			for i := 0; i < tries && len(failures) < enough; i++ {
				body, kind := form(upload(r.head, r.sizes[i%len(r.sizes)]))
				failures = attempt(failures, pool, base, r.chat, r.key, kind, c.body(body), r.status)
			}
			report(c.name, r.name, r.sizes, tries, failures)
		}
		pool := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}, Timeout: patience}
		bad, badKind := form(upload("BM", 2))
		fine, fineKind := form(good)
		var failures []string
		for i := 0; i < tries && len(failures) < enough; i++ {
			if i%2 == 0 {
				failures = attempt(failures, pool, base, "%2B15551234567", key, badKind, c.body(bad), 400)
			} else {
				failures = attempt(failures, pool, base, "%2B15551234567", key, fineKind, c.body(fine), 200)
			}
		}
		report(c.name, "wrong format and good in turn", []int{2}, tries, failures)
	}
}

func upload(head string, size int) []byte {
	return append([]byte(head), bytes.Repeat([]byte("x"), size*1_000_000-len(head))...)
}

func form(file []byte) ([]byte, string) {
	var body bytes.Buffer
	writer := multipart.NewWriter(&body)
	part, err := writer.CreateFormFile("background", "a.jpg")
	must(err)
	_, err = part.Write(file)
	must(err)
	must(writer.Close())
	return body.Bytes(), writer.FormDataContentType()
}

func attempt(failures []string, pool *http.Client, base, chat, key, kind string, body io.Reader, expected int) []string {
	request, err := http.NewRequest("PUT", base+"/chats/"+chat+"/background", body)
	must(err)
	request.Header.Set("Content-Type", kind)
	request.Header.Set("Authorization", "Bearer "+key)
	answer, err := pool.Do(request)
	if err != nil {
		return append(failures, err.Error()[strings.LastIndex(err.Error(), ":")+1:])
	}
	defer answer.Body.Close()
	if _, err := io.ReadAll(answer.Body); err != nil {
		return append(failures, err.Error())
	}
	if answer.StatusCode != expected {
		return append(failures, "status "+strconv.Itoa(answer.StatusCode))
	}
	return failures
}

func report(client, what string, sizes []int, tries int, failures []string) {
	seen := map[string]bool{}
	var different []string
	for _, failure := range failures {
		if !seen[failure] {
			seen[failure] = true
			different = append(different, strings.TrimSpace(failure))
		}
	}
	tried := strings.Trim(strings.ReplaceAll(fmt.Sprint(sizes), " ", ", "), "[]")
	fmt.Printf("%s\t%s\t%s MB\t%d\t%d\t%s\n", client, what, tried, tries, len(failures), strings.Join(different, ", "))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// What Go's standard library takes for the same work: a forward proxy that puts a script element behind <head>.
//
// -out pass leaves bodies alone; identity and gzip are what the client gets of a changed page.
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"os"
	"strings"
)

func inserted(body io.Reader, tag []byte, out io.Writer) error {
	page, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	at := bytes.Index(page, []byte("<head>")) + len("<head>")
	for _, piece := range [][]byte{page[:at], tag, page[at:]} {
		if _, err := out.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

func change(answer *http.Response, tag []byte, packed bool) error {
	if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		return nil
	}
	var body io.Reader = answer.Body
	if answer.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = unpacked
	}
	var out bytes.Buffer
	if packed {
		packer, _ := gzip.NewWriterLevel(&out, 1)
		if err := inserted(body, tag, packer); err != nil {
			return err
		}
		packer.Close()
		answer.Header.Set("Content-Encoding", "gzip")
	} else {
		if err := inserted(body, tag, &out); err != nil {
			return err
		}
		answer.Header.Del("Content-Encoding")
	}
	answer.Header.Del("Content-Length")
	answer.ContentLength = int64(out.Len())
	answer.Body.Close()
	answer.Body = io.NopCloser(&out)
	return nil
}

func main() {
	listen := flag.String("listen", "", "host:port")
	kind := flag.String("out", "pass", "pass, identity or gzip")
	file := flag.String("tag", "", "file with the script element")
	flag.Parse()
	tag, err := os.ReadFile(*file)
	if err != nil {
		log.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Director:  func(*http.Request) {},
		Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
	}
	if *kind != "pass" {
		proxy.ModifyResponse = func(answer *http.Response) error {
			return change(answer, tag, *kind == "gzip")
		}
	}
	log.Fatal(http.ListenAndServe(*listen, proxy))
}

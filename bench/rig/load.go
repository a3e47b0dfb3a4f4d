// Load generator of bench/proxy.py: one job as JSON on standard input, its figures as JSON on standard output.
//
// Every answer is checked to its last byte; the first that is not what it should be ends the run.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// Job is what to ask, how, and what must come.
type Job struct {
	Proxy       string            // URL of a forward proxy, "" for none
	URL         string            // what is asked for
	CA          string            // PEM file of who signs the certificates
	H2          bool              // HTTP/2 towards the proxy, inside CONNECT
	Fresh       bool              // a new connection for each request
	Headers     map[string]string // of every request
	Posts       string            // file of bodies, each behind its length in four bytes; "" for GET
	Connections int
	Seconds     float64
	Status      int
	Body        string // file that must come, "" for nothing
	Raw         bool   // it must come as it is, in its coding
	Inserted    bool   // one script element stands in it, wherever
	Keep        string // where answers in a coding that is not known here are left to be checked
}

// Figures are what is said of a run.
type Figures struct {
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"`
	Bytes    int64   `json:"bytes"`
	Inserted int     `json:"inserted"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	TTFB50   float64 `json:"ttfb_p50_ms"`
	TTFB99   float64 `json:"ttfb_p99_ms"`
	Failed   string  `json:"failed"`
}

type worker struct {
	job      *Job
	client   *http.Client
	expected []byte
	buffer   bytes.Buffer
	text     bytes.Buffer
	unpack   *gzip.Reader
	times    []float64
	firsts   []float64
	bytes    int64
	inserted int
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func transport(job *Job) *http.Transport {
	made := &http.Transport{
		DisableCompression: true,
		DisableKeepAlives:  job.Fresh,
		ForceAttemptHTTP2:  job.H2,
		WriteBufferSize:    1 << 16,
		ReadBufferSize:     1 << 16,
	}
	if job.Proxy != "" {
		proxy, err := url.Parse(job.Proxy)
		must(err)
		made.Proxy = http.ProxyURL(proxy)
	}
	if job.CA != "" {
		pem, err := os.ReadFile(job.CA)
		must(err)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		made.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	if !job.H2 {
		made.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	return made
}

func (w *worker) once(body []byte) error {
	method := http.MethodGet
	var sent io.Reader
	if body != nil {
		method, sent = http.MethodPost, bytes.NewReader(body)
	}
	request, err := http.NewRequest(method, w.job.URL, sent)
	if err != nil {
		return err
	}
	for name, value := range w.job.Headers {
		request.Header.Set(name, value)
	}
	start := time.Now()
	answer, err := w.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	w.buffer.Reset()
	first := make([]byte, 1)
	if _, err := io.ReadFull(answer.Body, first); err == nil {
		w.firsts = append(w.firsts, time.Since(start).Seconds()*1e3)
		w.buffer.Write(first)
	}
	if _, err := w.buffer.ReadFrom(answer.Body); err != nil {
		return err
	}
	w.times = append(w.times, time.Since(start).Seconds()*1e3)
	w.bytes += int64(w.buffer.Len())
	return w.check(answer)
}

func (w *worker) check(answer *http.Response) error {
	if answer.StatusCode != w.job.Status {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	if w.job.H2 && answer.ProtoMajor != 2 {
		return fmt.Errorf("not HTTP/2 but %s", answer.Proto)
	}
	got := w.buffer.Bytes()
	coding := answer.Header.Get("Content-Encoding")
	if w.job.Raw || coding == "" {
		return w.compare(got)
	}
	if coding == "gzip" {
		w.text.Reset()
		if w.unpack == nil {
			w.unpack = new(gzip.Reader)
		}
		if err := w.unpack.Reset(bytes.NewReader(got)); err != nil {
			return err
		}
		if _, err := w.text.ReadFrom(w.unpack); err != nil {
			return err
		}
		return w.compare(w.text.Bytes())
	}
	if w.job.Keep == "" {
		return fmt.Errorf("coding %s", coding)
	}
	name := fmt.Sprintf("%s/%s-%x", w.job.Keep, coding, len(w.times)%4)
	return os.WriteFile(name, got, 0o600)
}

func (w *worker) compare(got []byte) error {
	if !w.job.Inserted {
		if !bytes.Equal(got, w.expected) {
			return fmt.Errorf("the body is another: %d bytes for %d", len(got), len(w.expected))
		}
		return nil
	}
	length := len(got) - len(w.expected)
	at := bytes.Index(got, []byte("<script src=\"/obs/"))
	if at < 0 || length <= 0 {
		return fmt.Errorf("no tag in %d bytes for %d", len(got), len(w.expected))
	}
	if !bytes.HasSuffix(got[at:at+length], []byte("</script>")) ||
		!bytes.Equal(got[:at], w.expected[:at]) || !bytes.Equal(got[at+length:], w.expected[at:]) {
		return fmt.Errorf("more than the tag is changed")
	}
	w.inserted = length
	return nil
}

func bodies(path string) [][]byte {
	data, err := os.ReadFile(path)
	must(err)
	var found [][]byte
	for len(data) > 0 {
		size := binary.BigEndian.Uint32(data)
		found = append(found, data[4:4+size])
		data = data[4+size:]
	}
	return found
}

func at(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	place := int(share * float64(len(sorted)))
	if place >= len(sorted) {
		place = len(sorted) - 1
	}
	return sorted[place]
}

func main() {
	var job Job
	must(json.NewDecoder(os.Stdin).Decode(&job))
	var expected []byte
	if job.Body != "" {
		found, err := os.ReadFile(job.Body)
		must(err)
		expected = found
	}
	var posts [][]byte
	if job.Posts != "" {
		posts = bodies(job.Posts)
	}
	var next int64 = -1
	var failed atomic.Value
	var group sync.WaitGroup
	workers := make([]*worker, job.Connections)
	start := time.Now()
	end := start.Add(time.Duration(job.Seconds * float64(time.Second)))
	for place := range workers {
		w := &worker{job: &job, client: &http.Client{Transport: transport(&job)}, expected: expected}
		workers[place] = w
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Now().Before(end) && failed.Load() == nil {
				var body []byte
				if posts != nil {
					body = posts[int(atomic.AddInt64(&next, 1))%len(posts)]
				}
				if err := w.once(body); err != nil {
					failed.Store(err.Error())
				}
			}
		}()
	}
	group.Wait()
	found := Figures{Seconds: time.Since(start).Seconds()}
	var times, firsts []float64
	for _, w := range workers {
		times = append(times, w.times...)
		firsts = append(firsts, w.firsts...)
		found.Bytes += w.bytes
		if w.inserted > found.Inserted {
			found.Inserted = w.inserted
		}
	}
	sort.Float64s(times)
	sort.Float64s(firsts)
	found.Requests = len(times)
	found.P50, found.P99 = at(times, 0.5), at(times, 0.99)
	found.TTFB50, found.TTFB99 = at(firsts, 0.5), at(firsts, 0.99)
	if said := failed.Load(); said != nil {
		found.Failed = said.(string)
	}
	must(json.NewEncoder(os.Stdout).Encode(found))
}

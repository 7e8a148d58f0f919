// gonet: a Go program that uses the network in the usual ways. It is built without cgo,
// so the Go run-time makes the system calls; on 386 that is socketcall(2).
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Println("wrong:", err)
		os.Exit(1)
	}
}

func page(w http.ResponseWriter, r *http.Request) {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	if host != "" {
		host = " to " + host
	}
	fmt.Fprintf(w, "a page%s\n", host)
}

func get(client *http.Client, url string) string {
	answer, err := client.Get(url)
	check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	check(err)
	return string(body)
}

func unixClient(path string) *http.Client {
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		Dial: func(_, _ string) (net.Conn, error) { return net.Dial("unix", path) },
	}}
}

// http, many clients at once, each with a connection of its own.
func many(network, address string) {
	listener, err := net.Listen(network, address)
	check(err)
	go http.Serve(listener, http.HandlerFunc(page))
	var wait sync.WaitGroup
	var lock sync.Mutex
	answers := map[string]int{}
	for i := 0; i < 40; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			client := &http.Client{Timeout: 20 * time.Second,
				Transport: &http.Transport{DisableKeepAlives: true}}
			body := get(client, "http://"+listener.Addr().String()+"/")
			lock.Lock()
			answers[body]++
			lock.Unlock()
		}()
	}
	wait.Wait()
	fmt.Println(network, answers)
}

// A stream of the given network echoes what is written, until half-closed.
func stream(network, address string) {
	listener, err := net.Listen(network, address)
	check(err)
	go func() {
		c, err := listener.Accept()
		check(err)
		io.Copy(c, c)
		c.Close()
	}()
	c, err := net.Dial(network, listener.Addr().String())
	check(err)
	sent := strings.Repeat("0123456789", 100000)
	go func() {
		io.WriteString(c, sent)
		c.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	check(err)
	fmt.Println(network, "echoed", len(got), string(got) == sent)
}

func datagrams(network, address string) {
	server, err := net.ListenPacket(network, address)
	check(err)
	go func() {
		buffer := make([]byte, 2000)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			server.WriteTo(buffer[:n], from)
		}
	}()
	c, err := net.Dial(network, server.LocalAddr().String())
	check(err)
	c.SetDeadline(time.Now().Add(10 * time.Second))
	buffer := make([]byte, 2000)
	total := 0
	for i := 0; i < 20; i++ {
		_, err = c.Write(make([]byte, 100*i))
		check(err)
		n, err := c.Read(buffer)
		check(err)
		total += n
	}
	fmt.Println(network, "echoed", total)
}

func timeouts() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	c, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	_, err = c.Read(make([]byte, 1))
	fmt.Println("a silent peer: timeout", err.(net.Error).Timeout())
	listener.Close()
	_, err = net.Dial("tcp", "127.0.0.1:9")
	fmt.Println("a closed port:", strings.HasSuffix(err.Error(), "connection refused"))
}

func main() {
	switch os.Args[1] {
	case "self":
		many("tcp4", "127.0.0.1:0")
		many("tcp6", "[::1]:0")
		stream("tcp", "127.0.0.1:0")
		stream("unix", "/tmp/gonet.sock")
		datagrams("udp4", "127.0.0.1:0")
		datagrams("udp6", "[::1]:0")
		timeouts()
	case "serve":
		l, err := net.Listen("unix", os.Args[3])
		check(err)
		go http.Serve(l, http.HandlerFunc(page))
		check(http.ListenAndServe(os.Args[2], http.HandlerFunc(page)))
	case "get":
		fmt.Print(get(http.DefaultClient, os.Args[2]))
	case "unix":
		fmt.Print(get(unixClient(os.Args[2]), "http://unix/"))
	}
}

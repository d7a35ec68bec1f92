package main

import (
	"net/http"
	"os"
	"strings"
)

// reportInitError tells the Runtime API that the function cannot start; aws-lambda-go has no call for it.
func reportInitError() {
	body := strings.NewReader(`{"errorType":"Config.Missing","errorMessage":"no table"}`)
	url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
	response, err := http.Post(url, "application/json", body)
	if err != nil || response.StatusCode != http.StatusAccepted {
		panic("the runtime API refused the init error")
	}
}

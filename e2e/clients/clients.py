"""Talks to the desk's AWS endpoint with boto3 and the AWS CLI, which the desk is not built with.

    pip install -r e2e/clients/requirements.txt
    go run ./local -outputs outputs.json &
    python e2e/clients/clients.py outputs.json

With `-desk EXECUTABLE` in place of the outputs, it starts a desk of its own (go build -o EXECUTABLE ./local), and ends it.

It places an order through the API, and finds it again: in the tables, in the stream, and, for a message of its own, in the queue. It ends with an error
if anything is not as it should be.
"""

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3
from botocore.exceptions import ClientError

ACCESS = {"aws_access_key_id": "owner", "aws_secret_access_key": "owner"}


@contextlib.contextmanager
def desk(executable):
    """Runs a desk on free ports, and yields the path of its outputs."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "outputs.json")
        with open(os.path.join(folder, "log"), "w+") as log:
            command = [executable, "-listen", "127.0.0.1:0", "-aws-listen", "127.0.0.1:0", "-outputs", path]
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
            try:
                deadline = time.monotonic() + 180
                while not os.path.exists(path):
                    if process.poll() is not None or time.monotonic() > deadline:
                        log.seek(0)
                        raise SystemExit("the desk did not start:\n" + log.read())
                    time.sleep(0.1)
                yield path
            finally:
                process.send_signal(signal.SIGINT)
                code = process.wait(60)
        expect("exit code of the desk", code, 0)


def main(path):
    with open(path) as file:
        outputs = json.load(file)
    order = place(outputs["apiUrl"])
    with_boto3(outputs, order)
    with_cli(outputs, order)
    print("boto3 and the AWS CLI agree with the desk")


def place(api):
    request = urllib.request.Request(
        api.rstrip("/") + "/orders", b'{"description":"two books"}', {"content-type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request) as response:
        return response.headers["Location"].removeprefix("/orders/")


def client(outputs, service):
    return boto3.client(service, endpoint_url=outputs["awsEndpoint"], region_name=outputs["region"], **ACCESS)


def with_boto3(outputs, order):
    dynamodb = client(outputs, "dynamodb")
    key = {"orderId": {"S": order}}
    expect("GetItem", dynamodb.get_item(TableName=outputs["ordersTable"], Key=key, ConsistentRead=True)["Item"]["status"], {"S": "PLACED"})
    events = dynamodb.query(
        TableName=outputs["eventsTable"], KeyConditionExpression="orderId = :o", ExpressionAttributeValues={":o": {"S": order}}
    )["Items"]
    expect("Query", [event["sequence"]["N"] for event in events], ["1"])
    pages = dynamodb.get_paginator("scan").paginate(TableName=outputs["ordersTable"], PaginationConfig={"PageSize": 1})
    expect("Scan", order in [item["orderId"]["S"] for page in pages for item in page["Items"]], True)
    try:
        dynamodb.put_item(TableName=outputs["ordersTable"], Item=key, ConditionExpression="attribute_not_exists(orderId)")
        raise SystemExit("PutItem: the condition was not checked")
    except ClientError as error:
        expect("PutItem", error.response["Error"]["Code"], "ConditionalCheckFailedException")

    kinesis = client(outputs, "kinesis")
    expect("GetRecords", find_record(kinesis, outputs["streamName"], order), True)

    sqs = client(outputs, "sqs")
    url = sqs.create_queue(QueueName="clients-boto3")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    message = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]
    expect("ReceiveMessage", message["Body"], "hello")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    expect("ReceiveMessage after DeleteMessage", sqs.receive_message(QueueUrl=url).get("Messages", []), [])
    sqs.delete_queue(QueueUrl=url)


def find_record(kinesis, stream, order):
    """Reads all shards from their beginning until the record of the order is there."""
    shards = [shard["ShardId"] for shard in kinesis.list_shards(StreamName=stream)["Shards"]]
    iterators = [
        kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"] for shard in shards
    ]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for i, iterator in enumerate(iterators):
            answer = kinesis.get_records(ShardIterator=iterator, Limit=1000)
            iterators[i] = answer["NextShardIterator"]
            if any(order.encode() in record["Data"] for record in answer["Records"]):
                return True
        time.sleep(0.05)
    return False


def with_cli(outputs, order):
    def aws(*arguments):
        environment = dict(os.environ, AWS_ACCESS_KEY_ID="owner", AWS_SECRET_ACCESS_KEY="owner", AWS_PAGER="", AWS_EC2_METADATA_DISABLED="true")
        command = ["aws", "--endpoint-url", outputs["awsEndpoint"], "--region", outputs["region"], "--output", "json", *arguments]
        answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        return json.loads(answer) if answer else {}

    expect("aws dynamodb scan", order in json.dumps(aws("dynamodb", "scan", "--table-name", outputs["ordersTable"])), True)
    names = {":o": {"S": order}}
    answer = aws(
        "dynamodb", "query", "--table-name", outputs["eventsTable"],
        "--key-condition-expression", "orderId = :o", "--expression-attribute-values", json.dumps(names),
    )
    expect("aws dynamodb query", answer["Count"], 1)
    stream = outputs["streamName"]
    shards = aws("kinesis", "list-shards", "--stream-name", stream)["Shards"]
    found = False
    for shard in shards:
        answer = aws("kinesis", "get-shard-iterator", "--stream-name", stream, "--shard-id", shard["ShardId"], "--shard-iterator-type", "TRIM_HORIZON")
        iterator, behind = answer["ShardIterator"], True
        while behind and not found:
            answer = aws("kinesis", "get-records", "--shard-iterator", iterator, "--limit", "1")
            found = any(order.encode() in base64.b64decode(record["Data"]) for record in answer["Records"])
            iterator, behind = answer["NextShardIterator"], answer["MillisBehindLatest"] > 0
    expect("aws kinesis get-records", found, True)
    url = aws("sqs", "create-queue", "--queue-name", "clients-cli")["QueueUrl"]
    aws("sqs", "send-message", "--queue-url", url, "--message-body", "hello")
    message = aws("sqs", "receive-message", "--queue-url", url)["Messages"][0]
    expect("aws sqs receive-message", message["Body"], "hello")
    aws("sqs", "delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
    expect("aws sqs receive-message after delete-message", aws("sqs", "receive-message", "--queue-url", url), {})
    aws("sqs", "delete-queue", "--queue-url", url)


def expect(what, got, want):
    if got != want:
        raise SystemExit(f"{what}: got {got!r}, want {want!r}")


if __name__ == "__main__":
    if sys.argv[1] == "-desk":
        with desk(sys.argv[2]) as path:
            main(path)
    else:
        main(sys.argv[1])

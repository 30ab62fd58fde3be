using System.Net;
using System.Net.Sockets;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Tests.Fix;

/// <summary>A peer that stops reading: orders are refused whole, what was begun is finished, and when it reads again the stream is sound.</summary>
public class BackPressureTests
{
    [Fact]
    public void Orders_are_refused_whole_and_the_stream_stays_sound()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        // A small window, so that few orders fill it.
        listener.Server.ReceiveBufferSize = 4096;
        var sink = new ArraySink(1024);
        var gate = new WideGate(FixSamples.Instruments);
        using var log = new OrderLog(null, 1 << 17);
        using var gateway = new FixOrderGateway<ArraySink.Sink, HostMonotonicClock>(new FixSessionOptions
        {
            Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndpoint).Port, SenderCompId = "DESK", TargetCompId = "VENUE", SynchroniseAfterLogon = false, HeartbeatSeconds = 600,
        }, FixSamples.Instruments, sink.AsSink(), default, log);
        void Poll() => gateway.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
        long start = default(HostMonotonicClock).NowNs();
        void Bound() => Assert.True(default(HostMonotonicClock).NowNs() - start < 120_000_000_000, $"stuck in {gateway.State}");

        while (!listener.Pending())
        {
            Poll();
            Bound();
        }
        using var peer = new PlainPeer(listener.AcceptSocket());
        string? logon = null;
        while (logon is null)
        {
            Poll();
            peer.Read();
            logon = peer.Next();
            Bound();
        }
        Assert.Contains("|35=A|", logon, StringComparison.Ordinal);
        peer.Send("A", 1, "98=0|108=600|", sender: "VENUE", target: "DESK");
        while (!gateway.IsUp)
        {
            Poll();
            Bound();
        }

        var sent = new List<ulong>();
        // The kernel may move bytes to the peer's buffer in between, so that an order passes after a refusal; none may pass later that was refused.
        var refused = new List<ulong>();
        for (int i = 0; refused.Count < 50; i++)
        {
            Assert.True(i < 100_000, "the socket never filled");
            // The gate's table of live orders is finite: each is played as done at once.
            var order = gate.New(0, Side.Buy, 1_000_000 + i % 100 * 100, 5 + i);
            gate.Report(in order, ExecutionKind.Rejected, OrderStatus.Rejected);
            var result = gateway.Send(in order);
            if (result == SendResult.Sent)
            {
                sent.Add(order.ClientOrderId);
            }
            else
            {
                Assert.Equal(SendResult.BackPressure, result);
                refused.Add(order.ClientOrderId);
            }
        }
        Assert.True(gateway.SessionCounters.BackPressure >= 50);

        var got = new List<ulong>();
        uint expected = 2;
        while (got.Count < sent.Count)
        {
            Assert.True(peer.Read());
            Poll();
            while (peer.Next() is { } message)
            {
                Assert.Contains($"|34={expected++:000000000}|", message, StringComparison.Ordinal);
                got.Add(ulong.Parse(message.Split("|11=")[1].Split('|')[0], System.Globalization.CultureInfo.InvariantCulture));
            }
            Bound();
        }
        Assert.Equal(sent, got);
        var last = gate.New(0, Side.Buy, 1_000_000, 7);
        Assert.Equal(SendResult.Sent, gateway.Send(in last));
        string? final = null;
        while (final is null)
        {
            peer.Read();
            final = peer.Next();
            Bound();
        }
        Assert.Contains($"|34={expected:000000000}|", final, StringComparison.Ordinal);
        Assert.Empty(got.Intersect(refused));
        Assert.Equal(sent.Count + 1, Enumerable.Range(0, log.Count).Count(i => log[i].State == OrderLogState.MaybeSent));
        listener.Stop();
    }
}

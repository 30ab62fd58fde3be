using System.Net;
using System.Net.Sockets;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Host.Threads;
using Appliance.Risk;
using Appliance.TestKit;

namespace Appliance.Tests.Fix;

/// <summary>The sender and the gateway together: the first order of a decision goes at once, the others by one write at its end; a kill in between lets none of them out but cancels.</summary>
public sealed unsafe class GatheredSendingTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ArraySink _sink = new(1 << 14);
    private readonly WideGate _gate = new(FixSamples.Instruments);
    private readonly OrderLog _log = new(null, 1 << 17);
    private readonly FixOrderGateway<ArraySink.Sink, HostMonotonicClock> _gateway;
    private readonly OrderSender<ArraySink.Sink> _sender;
    private readonly PlainPeer _peer;
    private readonly long _start = default(HostMonotonicClock).NowNs();
    private readonly int* _flag = (int*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(64);
    private uint _expected = 2;

    public GatheredSendingTests()
    {
        _listener.Start();
        // A small window, so that few orders fill it.
        _listener.Server.ReceiveBufferSize = 4096;
        _gateway = new FixOrderGateway<ArraySink.Sink, HostMonotonicClock>(new FixSessionOptions
        {
            Host = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndpoint).Port, SenderCompId = "DESK", TargetCompId = "VENUE", SynchroniseAfterLogon = false, HeartbeatSeconds = 600,
        }, FixSamples.Instruments, _sink.AsSink(), default, _log);
        _sender = new OrderSender<ArraySink.Sink>(_gateway, new KillSwitch(_flag), _sink.AsSink());
        Until(_listener.Pending, "the connection");
        _peer = new PlainPeer(_listener.AcceptSocket());
        string? logon = null;
        Until(() => (logon = Hear()) is not null, "the Logon");
        Assert.Contains("|35=A|", logon, StringComparison.Ordinal);
        _peer.Send("A", 1, "98=0|108=600|", sender: "VENUE", target: "DESK");
        Until(() => _gateway.IsUp, "the session");
    }

    public void Dispose()
    {
        _gateway.Dispose();
        _peer.Dispose();
        _log.Dispose();
        _listener.Stop();
        System.Runtime.InteropServices.NativeMemory.Free(_flag);
    }

    private void Poll() => _gateway.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());

    private string? Hear()
    {
        Assert.True(_peer.Read());
        return _peer.Next();
    }

    private void Until(Func<bool> condition, string what)
    {
        while (!condition())
        {
            Poll();
            Assert.True(default(HostMonotonicClock).NowNs() - _start < 120_000_000_000, $"waited in vain for {what}: {_gateway.State}");
            Thread.Yield();
        }
    }

    /// <summary>The next message at the peer, which bears the next number.</summary>
    private string Next()
    {
        string? message = null;
        Until(() => (message = Hear()) is not null, "a message");
        Assert.Contains($"|34={_expected++:000000000}|", message, StringComparison.Ordinal);
        return message!;
    }

    private static ulong IdOf(string message) => ulong.Parse(message.Split("|11=")[1].Split('|')[0], System.Globalization.CultureInfo.InvariantCulture);

    private ApprovedOrder New() => _gate.New(0, Side.Buy, 1_000_000, 5);

    [Fact]
    public void The_first_leaves_at_once_and_the_others_at_the_decisions_end()
    {
        ApprovedOrder lone = New(), first = New(), second = New(), third = New();
        _sender.Send(in lone);
        Assert.Equal(lone.ClientOrderId, IdOf(Next()));
        _sender.EndDecision();

        _sender.Send(in first);
        _sender.Send(in second);
        _sender.Send(in third);
        Assert.Equal((2L, true), (_sender.Sent, _gateway.LastSentNs < _gateway.LastEncodedNs));
        Assert.Equal(4u, (uint)(_gateway.NextSequences.Outgoing - 2));
        // Nothing but the first is on its way, however long one waits: the gateway may not be polled meanwhile.
        string? heard = null;
        while (heard is null) heard = Hear();
        Assert.Equal(first.ClientOrderId, IdOf(heard));
        _expected++;
        Assert.Null(Hear());
        Assert.Throws<InvalidOperationException>(Poll);
        Assert.Throws<InvalidOperationException>(() => _gateway.Send(in lone));
        _sender.EndDecision();
        Assert.Equal((4L, 0L, true), (_sender.Sent, _sender.Unsent, _gateway.LastSentNs >= _gateway.LastEncodedNs));
        Assert.Equal([second.ClientOrderId, third.ClientOrderId], new[] { IdOf(Next()), IdOf(Next()) });
        Assert.Equal(4, _gateway.Counters.OrdersSent);
        Assert.All(Enumerable.Range(0, 4), i => Assert.Equal(OrderLogState.MaybeSent, _log[i].State));
    }

    [Fact]
    public void A_kill_before_the_write_lets_only_cancels_out()
    {
        ApprovedOrder works = New();
        _sender.Send(in works);
        _sender.EndDecision();
        Next();
        _gate.Report(in works, ExecutionKind.New, OrderStatus.New);
        ApprovedOrder first = New(), before = New(), cancel = _gate.Cancel(in works), behind = New();
        _sender.Send(in first);
        _sender.Send(in before);
        _sender.Send(in cancel);
        new KillSwitch(_flag).Set();
        _sender.Send(in behind);
        _sender.EndDecision();
        Assert.Equal(first.ClientOrderId, IdOf(Next()));
        string withdrawn = Next();
        Assert.Equal((true, cancel.ClientOrderId), (withdrawn.Contains("|35=F|", StringComparison.Ordinal), IdOf(withdrawn)));
        Assert.Equal((3L, 2L), (_sender.Sent, _sender.Unsent));
        Assert.Equal([(behind.ClientOrderId, (ushort)SendResult.Killed), (before.ClientOrderId, (ushort)SendResult.Killed)],
            _sink.Executions.Where(e => e.Kind == EventKind.OrderUnsent).Select(e => (e.ClientOrderId, e.Reason)));
        // The log says of each whether it may have left; the cancel stands there again, under its new number.
        Assert.Equal([OrderLogState.MaybeSent, OrderLogState.MaybeSent, OrderLogState.Unsent, OrderLogState.Unsent, OrderLogState.MaybeSent], Enumerable.Range(0, _log.Count).Select(i => _log[i].State));
        Assert.Equal((cancel.ClientOrderId, _expected - 1), (_log[4].ClientOrderId, _log[4].Sequence));
        // A lone order after it does not leave either.
        ApprovedOrder late = New();
        Assert.Equal(SendResult.Killed, _sender.Send(in late));
        _sender.EndDecision();
        for (int i = 0; i < 100; i++)
        {
            Poll();
            Assert.Null(Hear());
        }
    }

    [Fact]
    public void After_the_emergency_nothing_gathered_leaves()
    {
        ApprovedOrder first = New(), second = New();
        _sender.Send(in first);
        _sender.Send(in second);
        _gateway.ShutdownNow();
        _sender.EndDecision();
        Assert.Equal((1L, 1L, (ushort)SendResult.Disconnected), (_sender.Sent, _sender.Unsent, _sink.Executions.Single(e => e.Kind == EventKind.OrderUnsent).Reason));
        Assert.Equal(OrderLogState.Unsent, _log[1].State);
        var heard = new List<string>();
        while (_peer.Read())
        {
            while (_peer.Next() is { } message) heard.Add(message);
            Assert.True(default(HostMonotonicClock).NowNs() - _start < 120_000_000_000, "the connection did not end");
        }
        Assert.Equal(first.ClientOrderId, IdOf(Assert.Single(heard)));
    }

    [Fact]
    public void Into_a_full_socket_what_was_begun_is_finished_and_the_rest_is_refused()
    {
        var given = new List<ulong>();
        var random = new Random(20261122);
        int Refused() => _sink.Executions.Count(e => e.Kind == EventKind.OrderUnsent);
        for (int decision = 0; _sender.Unsent < 200; decision++)
        {
            Assert.True(decision < 20_000, "the socket never filled");
            int count = random.Next(1, 100);
            for (int i = 0; i < count; i++)
            {
                ApprovedOrder order = New();
                // The gate's table of live orders is finite: each is played as done at once.
                _gate.Report(in order, ExecutionKind.Rejected, OrderStatus.Rejected);
                given.Add(order.ClientOrderId);
                _sender.Send(in order);
            }
            _sender.EndDecision();
        }
        Assert.Equal(_sender.Unsent, Refused());
        var unsent = _sink.Executions.Where(e => e.Kind == EventKind.OrderUnsent).ToList();
        Assert.All(unsent, e => Assert.Equal((ushort)SendResult.BackPressure, e.Reason));
        ulong[] refused = [.. unsent.Select(e => e.ClientOrderId)], left = [.. given.Except(refused)];
        Assert.Equal(_sender.Sent, left.Length);
        // Nothing is out of turn, doubled or missing, and no number is left out.
        foreach (ulong id in left) Assert.Equal(id, IdOf(Next()));
        ApprovedOrder last = New();
        _sender.Send(in last);
        _sender.EndDecision();
        Assert.Equal(last.ClientOrderId, IdOf(Next()));
        Assert.Equal(left.Length + 1, _gateway.Counters.OrdersSent);
        var logged = Enumerable.Range(0, _log.Count).Select(i => _log[i]).ToList();
        Assert.Equal([.. left, last.ClientOrderId], logged.Where(r => r.State == OrderLogState.MaybeSent).Select(r => r.ClientOrderId));
    }
}

using System.Net;
using System.Net.Sockets;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>What an acceptor lets nobody do: hold half-open logons, be too many, send too much at once or too fast. Who is not known hears nothing. The acceptor's time is the test's.</summary>
public sealed class AcceptorLimitTests : IDisposable
{
    private readonly EchoVenue _venue = new();
    private FixAcceptor<EchoVenue>? _acceptor;
    private long _nowNs = 1_000_000_000;

    public void Dispose() => _acceptor?.Dispose();

    private void Start(Func<FixAcceptorOptions, FixAcceptorOptions> change)
    {
        _acceptor = new FixAcceptor<EchoVenue>(change(new FixAcceptorOptions { CompId = "VENUE", Store = StoreOptions.OfMegabytes(1) }), FixSamples.Instruments, _venue);
        _venue.Acceptor = _acceptor;
    }

    private void Poll() => _acceptor!.Poll(_nowNs, default(HostUtcClock).NowUtcNs());

    /// <summary>Polls, two milliseconds of the acceptor's time each, until the condition holds; the bound is for a broken test.</summary>
    private void Until(Func<bool> condition, string what)
    {
        long until = default(HostMonotonicClock).NowNs() + 60_000_000_000;
        while (!condition())
        {
            _nowNs += 2_000_000;
            Poll();
            Assert.True(default(HostMonotonicClock).NowNs() < until, $"waited in vain for {what}");
            Thread.Yield();
        }
    }

    /// <summary>The connection ended, and not one byte came.</summary>
    private void AssertCutInSilence(PlainPeer peer)
    {
        bool over = false;
        Until(() => over |= !peer.Read(), "the cut");
        Assert.Null(peer.Next());
    }

    [Fact]
    public void Of_half_open_connections_the_oldest_go_and_who_logs_on_at_once_gets_in()
    {
        Start(o => o with { MaxHalfOpen = 3 });
        var idle = new List<PlainPeer>();
        for (int i = 0; i < 8; i++) idle.Add(new PlainPeer(_acceptor!.Port));
        Until(() => _acceptor!.Refused == 5, "five of eight to be closed");
        foreach (var closed in idle.Take(5)) AssertCutInSilence(closed);
        using var prompt = new PlainPeer(_acceptor!.Port);
        prompt.Send("A", 1, "98=0|108=10|");
        string? answer = null;
        Until(() => prompt.Read() && (answer = prompt.Next()) is not null, "the logon's answer");
        Assert.Contains("|35=A|", answer, StringComparison.Ordinal);
        Assert.Equal(6, _acceptor.Refused);
        // The two that are left have ten seconds from when they came.
        _nowNs += 11_000_000_000;
        Until(() => _acceptor.Refused == 8, "the patience to end");
        foreach (var peer in idle) peer.Dispose();
    }

    [Theory]
    [InlineData("35=A|49=OTHER|56=VENUE|34=1|52={0}|98=0|108=10|")]
    [InlineData("35=A|49=DESK|56=SOMEBODY|34=1|52={0}|98=0|108=10|")]
    [InlineData("35=D|49=DESK|56=VENUE|34=1|52={0}|11=1|55=AAPL|54=1|60={0}|40=2|38=1|44=1|")]
    [InlineData("35=0|49=DESK|56=VENUE|34=1|52={0}|")]
    [InlineData("35=A|49=../DESK|56=VENUE|34=1|52={0}|98=0|108=10|")]
    public void Who_is_not_known_hears_nothing(string body)
    {
        Start(o => o with { Counterparties = ["DESK"] });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, _acceptor!.Port);
        socket.Send(FixSamples.Message(string.Format(System.Globalization.CultureInfo.InvariantCulture, body, SessionRig.TimeText(default(HostUtcClock).NowUtcNs()))));
        using var peer = new PlainPeer(socket);
        AssertCutInSilence(peer);
        Assert.Equal((1L, 0, 0), (_acceptor.Refused, _acceptor.SessionCount, _venue.Orders));
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(200_000)]
    public void A_first_message_without_an_end_is_cut_at_four_kilobytes(int bytes)
    {
        Start(o => o);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, _acceptor!.Port);
        socket.Send(System.Text.Encoding.ASCII.GetBytes("8=FIX.4.4\u00019=900000\u000135=A\u000158=" + new string('x', bytes)));
        using var peer = new PlainPeer(socket);
        AssertCutInSilence(peer);
        Assert.Equal((1L, 0), (_acceptor.Refused, _acceptor.SessionCount));
    }

    [Fact]
    public void More_counterparties_than_there_may_be_are_not_taken_and_a_second_connection_of_one_is_not_either()
    {
        Start(o => o with { MaxSessions = 2 });
        var peers = new List<PlainPeer>();
        foreach (string name in new[] { "ONE", "TWO" })
        {
            var peer = new PlainPeer(_acceptor!.Port);
            peers.Add(peer);
            peer.Send("A", 1, "98=0|108=10|", sender: name);
            Until(() => peer.Read() && peer.Next() is not null, "the logon of " + name);
        }
        foreach (string name in new[] { "THREE", "ONE" })
        {
            using var peer = new PlainPeer(_acceptor!.Port);
            peer.Send("A", 1, "98=0|108=10|", sender: name);
            AssertCutInSilence(peer);
        }
        Assert.Equal((2, true, true), (_acceptor!.SessionCount, _acceptor.IsUp(0), _acceptor.IsUp(1)));
        foreach (var peer in peers) peer.Dispose();
    }

    [Fact]
    public void A_message_longer_than_is_taken_ends_the_session_and_says_so()
    {
        Start(o => o with { MaxMessageBytes = 1024 });
        using var peer = new PlainPeer(_acceptor!.Port);
        peer.Send("A", 1, "98=0|108=10|");
        Until(() => peer.Read() && peer.Next() is not null, "the logon");
        peer.Send("0", 2, $"112={new string('x', 2000)}|");
        string? answer = null;
        Until(() => !peer.Read() || (answer = peer.Next()) is not null, "the Logout");
        Assert.Contains("|58=a message is longer than the 1024 bytes that are taken|", answer, StringComparison.Ordinal);
        Until(() => !peer.Read(), "the end");
    }

    [Theory]
    [InlineData("D")]
    [InlineData("1")]
    public void Faster_than_its_rate_a_counterparty_is_read_no_further_until_the_second_is_over(string type)
    {
        const int rate = 20, sent = 70;
        Start(o => o with { MaxMessagesPerSecond = rate });
        using var peer = new PlainPeer(_acceptor!.Port);
        peer.Send("A", 1, "98=0|108=30|");
        Until(() => peer.Read() && peer.Next() is not null, "the logon");
        string time = SessionRig.TimeText(default(HostUtcClock).NowUtcNs());
        for (uint i = 0; i < sent; i++) peer.Send(type, i + 2, type == "D" ? $"11={i + 1}|55=AAPL|54=1|60={time}|40=2|38=1|44=1|" : $"112=t{i}|");
        long before = _acceptor.Counters(0).MessagesIn;
        _nowNs += 1_000_000_000;
        int seconds = 0;
        for (; _acceptor.Counters(0).MessagesIn < before + sent && seconds < 100; seconds++)
        {
            // In one second of the acceptor's time, however often it looks.
            long at = _acceptor.Counters(0).MessagesIn;
            long until = default(HostMonotonicClock).NowNs() + 60_000_000_000;
            while (_acceptor.Counters(0).MessagesIn < Math.Min(at + rate, before + sent))
            {
                Poll();
                Assert.True(default(HostMonotonicClock).NowNs() < until, "its messages were not taken");
            }
            for (int i = 0; i < 200; i++) Poll();
            Assert.InRange(_acceptor.Counters(0).MessagesIn - at, 0, rate);
            _nowNs += 1_000_000_000;
        }
        Assert.Equal(before + sent, _acceptor.Counters(0).MessagesIn);
        Assert.Equal(4, seconds);
        Assert.True(_acceptor.IsUp(0));
    }
}

using System.Diagnostics;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Interop;

/// <summary>Our initiator against QuickFIX's executor, an acceptor written by others: it fills every limit order whole.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class QuickFixExecutorTests : IDisposable
{
    private static readonly InstrumentDefinition[] Instruments = [new(0, "AAPL", 10_000, 1, 100, 1, 1.0)];
    private readonly string _folder = Directory.CreateTempSubdirectory("quickfix").FullName;
    private readonly int _port = LoopbackPorts.FreeTcp();
    private QuickFixProgram? _executor;

    [QuickFixTheory("executor")]
    [InlineData("FIX.4.2")]
    [InlineData("FIX.4.4")]
    [InlineData("FIX.5.0")]
    public void Orders_are_filled_across_a_kill_and_a_restart_of_the_executor(string version)
    {
        _executor = new QuickFixProgram("executor", _folder, QuickFixProgram.Acceptor(_folder, _port, FixVersion.Parse(version), "EXECUTOR", "DESK"));
        _executor.Start();
        var events = new EventCollector();
        var gate = new WideGate(Instruments);
        using var gateway = new FixOrderGateway<EventCollector.Sink, HostMonotonicClock>(new FixSessionOptions
        {
            Host = "127.0.0.1", Port = _port, SenderCompId = "DESK", TargetCompId = "EXECUTOR", Version = FixVersion.Parse(version), Store = StoreOptions.OfMegabytes(1), ReconnectMaxMs = 100, Microseconds = false,
        }, Instruments, events.AsSink(), default, null);

        var sent = new List<ulong>();
        for (int round = 0; round < 3; round++)
        {
            if (round > 0)
            {
                _executor.Kill();
                Until(gateway, () => !gateway.IsUp, "the loss");
                _executor.Start();
            }
            Until(gateway, () => gateway.IsUp, "the logon");
            for (int i = 0; i < 20; i++)
            {
                var order = gate.New(0, i % 2 == 0 ? Side.Buy : Side.Sell, 1_000_000 + round * 10_000 + i * 100, i + 1);
                Assert.Equal(SendResult.Sent, gateway.Send(in order));
                sent.Add(order.ClientOrderId);
            }
            Until(gateway, () => Fills(events).Count == sent.Count, "the fills");
        }
        Assert.Equal(sent, Fills(events).Select(f => f.ClientOrderId));
        Assert.All(Fills(events), f => Assert.Equal((OrderStatus.Filled, f.LastQuantityUnits), (f.OrderStatus, f.CumulativeQuantityUnits)));
        Assert.Equal((0L, 0L), (gateway.SessionCounters.RejectsIn, gateway.SessionCounters.RejectsOut));

        gateway.Logout(Now, Utc);
        Until(gateway, () => gateway.State == FixSessionState.Disconnected, "the logout");
        Assert.Equal(FixDownReason.LoggedOut, gateway.SessionCounters.LastDownReason);
    }

    private static long Now => default(HostMonotonicClock).NowNs();
    private static long Utc => default(HostUtcClock).NowUtcNs();

    private static List<Execution> Fills(EventCollector events) =>
        [.. events.Events.Select(e => RingEvent.AsExecution(ref e)).Where(e => e.Kind == EventKind.ExecutionReported && e.ExecutionKind == ExecutionKind.Trade)];

    private static void Until(FixOrderGateway<EventCollector.Sink, HostMonotonicClock> gateway, Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            gateway.Poll(Now, Utc);
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"waited in vain for {what}: {gateway.State}, {gateway.SessionCounters.LastDownReason}, {gateway.LastConnectError}");
            Thread.Yield();
        }
    }

    public void Dispose()
    {
        _executor?.Kill();
        Directory.Delete(_folder, true);
    }
}

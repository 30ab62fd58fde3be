using Appliance.Contract;

namespace Appliance.Fix.QuickFix;

/// <summary>QuickFIX/n behind the order gateway's port: the side that is built where the package restores.</summary>
public static class QuickFixAdapter
{
    public static AdapterStatus Status { get; } = AdapterStatus.Built("QuickFix");

    /// <param name="record">Where orders stand before they leave; null for tests.</param>
    /// <param name="time">Sequenced time of events; null stamps them with the wall clock that Poll is given.</param>
    public static IQuickFixGateway CreateGateway<TSink, TClock>(QuickFixGatewayOptions options, ReadOnlySpan<InstrumentDefinition> instruments, TSink sink, TClock clock, IOrderRecord? record, SequencedClock? time = null)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock => new QuickFixOrderGateway<TSink, TClock>(options, instruments, sink, clock, record, time);
}

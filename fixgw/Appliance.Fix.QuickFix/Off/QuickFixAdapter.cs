using System.Diagnostics.CodeAnalysis;
using Appliance.Contract;

namespace Appliance.Fix.QuickFix;

/// <summary>QuickFIX/n behind the order gateway's port: here the side that is built where the package does not restore.</summary>
public static class QuickFixAdapter
{
    public static AdapterStatus Status { get; } = AdapterStatus.NotBuilt("QuickFix");

    /// <exception cref="AdapterNotBuiltException">Always, on this side.</exception>
    [DoesNotReturn]
    public static IQuickFixGateway CreateGateway<TSink, TClock>(QuickFixGatewayOptions options, ReadOnlySpan<InstrumentDefinition> instruments, TSink sink, TClock clock, IOrderRecord? record, SequencedClock? time = null)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock => throw new AdapterNotBuiltException(Status);
}

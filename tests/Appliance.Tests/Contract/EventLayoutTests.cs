using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Contract;

namespace Appliance.Tests.Contract;

/// <summary>The ring's events are a format: sizes and offsets of every field, private ones too.</summary>
public class EventLayoutTests
{
    private static readonly string[] Header = ["Kind@0", "Side@1", "Flags@2", "Instrument@4", "Source@6", "ReceivedNs@8", "TimeUtcNs@16"];

    public static TheoryData<Type, string[]> Layouts => new()
    {
        { typeof(RingEvent), [.. Header, "_payload@24"] },
        { typeof(Tick), [.. Header, "PriceUnits@24", "QuantityUnits@32", "Reference@40", "Reference2@48", "DecodeNs@56", "Detail@60"] },
        { typeof(Quote), [.. Header, "BidPriceUnits@24", "BidQuantityUnits@32", "AskPriceUnits@40", "AskQuantityUnits@48", "DecodeNs@56", "UpdateIdLow@60"] },
        { typeof(UpdateRange), [.. Header, "FirstUpdateId@24", "LastUpdateId@32", "PreviousUpdateId@40", "Levels@48", "Spare0@52", "DecodeNs@56", "Spare1@60"] },
        { typeof(Execution), [.. Header, "ClientOrderId@24", "LastPriceUnits@32", "LastQuantityUnits@40", "CumulativeQuantityUnits@48", "ExecutionKind@56", "OrderStatus@57", "Reason@58", "SessionSequence@60"] },
        { typeof(ControlEvent), [.. Header, "Value1@24", "Value2@32", "Value3@40", "Value4@48", "Code@56", "Spare@60"] },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Every_field_stands_where_the_format_says_and_the_bytes_are_covered_once(Type type, string[] expected)
    {
        Assert.Equal(64, Marshal.SizeOf(type));
        var fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        Assert.Equal(expected.Order(), fields.Select(f => $"{f.Name}@{f.GetCustomAttribute<FieldOffsetAttribute>()!.Value}").Order());
        var covered = new int[64];
        foreach (var field in fields)
        {
            int size = (int)typeof(EventLayoutTests).GetMethod(nameof(SizeOf), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(field.FieldType).Invoke(null, null)!;
            for (int i = 0; i < size; i++) covered[field.GetCustomAttribute<FieldOffsetAttribute>()!.Value + i]++;
        }
        Assert.All(covered, c => Assert.Equal(1, c));
    }

    [Fact]
    public void A_slot_begun_anew_keeps_no_byte_of_its_former_event()
    {
        var e = default(RingEvent);
        MemoryMarshal.AsBytes(new Span<RingEvent>(ref e)).Fill(0xFF);
        RingEvent.Begin(ref e, EventKind.Timer, 3, 4, 5, 6);
        Assert.All(MemoryMarshal.AsBytes(new Span<RingEvent>(ref e))[24..].ToArray(), b => Assert.Equal(0, b));
        Assert.Equal(EventKind.Timer, RingEvent.AsTick(ref e).Kind);
        Assert.Equal(6, RingEvent.AsControl(ref e).TimeUtcNs);
    }

    [Fact]
    public void Only_the_gate_is_a_friend_of_the_contract()
    {
        var friends = typeof(ApprovedOrder).Assembly.GetCustomAttributes<InternalsVisibleToAttribute>().Select(a => a.AssemblyName);
        Assert.Equal(["Appliance.Risk"], friends);
        Assert.Empty(typeof(ApprovedOrder).GetConstructors(BindingFlags.Public | BindingFlags.Instance));
        Assert.False(default(ApprovedOrder).IsApproved);
    }

    private static int SizeOf<T>() => Unsafe.SizeOf<T>();
}

using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Contract;
using Appliance.Flow.Market;

namespace Appliance.Tests.Market;

/// <summary>What the books keep by the thousand has the size that was meant, and no byte twice or not at all.</summary>
public class MarketLayoutTests
{
    [Theory]
    [InlineData("StoredLevel", 16, new[] { "Key@0", "QuantityUnits@8" })]
    [InlineData("RestingOrder", 32, new[] { "Reference@0", "PriceUnits@8", "QuantityUnits@16", "Instrument@24", "Side@26", "Spare0@27", "Spare1@28" })]
    [InlineData("HeldEvent", 32, new[] { "FirstUpdateIdOrPrice@0", "LastUpdateIdOrQuantity@8", "PreviousUpdateId@16", "Side@24", "Spare0@25", "Spare1@26", "Spare2@28" })]
    public void Every_field_stands_where_it_was_meant(string name, int size, string[] expected)
    {
        Type type = typeof(MarketState).Assembly.GetType($"Appliance.Flow.Market.{name}", throwOnError: true)!;
        Assert.Equal(size, Marshal.SizeOf(type));
        FieldInfo[] fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        Assert.Equal(expected.Order(), fields.Select(f => $"{f.Name}@{Offset(f)}").Order());
        var covered = new int[size];
        foreach (FieldInfo field in fields)
            for (int i = 0; i < FieldSize(field); i++) covered[Offset(field) + i]++;
        Assert.All(covered, c => Assert.Equal(1, c));
    }

    [Fact]
    public void The_top_of_a_book_is_one_cache_line() => Assert.Equal(64, Unsafe.SizeOf<TopOfBook>());

    private static int Offset(FieldInfo field) => field.GetCustomAttribute<FieldOffsetAttribute>()!.Value;

    private static int FieldSize(FieldInfo field) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(field.FieldType).Invoke(null, null)!;
}

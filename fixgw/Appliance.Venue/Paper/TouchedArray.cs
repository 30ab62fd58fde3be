namespace Appliance.Venue.Paper;

/// <summary>Arrays whose pages are there before the first event: a fresh large array is only promised by the kernel, and a hot thread must not fault it in.</summary>
internal static class TouchedArray
{
    public static T[] Of<T>(int length) where T : unmanaged
    {
        T[] array = GC.AllocateUninitializedArray<T>(length, pinned: true);
        array.AsSpan().Clear();
        return array;
    }
}

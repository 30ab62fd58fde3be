using System.Reflection;
using System.Runtime.CompilerServices;

namespace Appliance.Host.Threads;

/// <summary>
/// Compiles what hot threads will run before they run it: without tiers, a method's first call would otherwise compile it, milliseconds into
/// a tick. Closed generic types are found by walking the objects of the run; plain ones by walking the assemblies.
/// </summary>
internal static class Rehearsal
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <returns>Methods compiled.</returns>
    public static int Prepare(params object[] roots)
    {
        int prepared = 0;
        var types = new HashSet<Type>();
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies().Where(a => a.GetName().Name is { } n && (n.StartsWith("Appliance.", StringComparison.Ordinal) || n == "appliance")))
        {
            foreach (var type in assembly.GetTypes())
                if (!type.ContainsGenericParameters && !type.IsInterface) types.Add(type);
        }
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var pending = new Stack<object>(roots);
        while (pending.TryPop(out var item))
        {
            if (!seen.Add(item)) continue;
            for (Type? type = item.GetType(); type is not null && IsOurs(type); type = type.BaseType)
            {
                types.Add(type);
                foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly))
                {
                    if (field.FieldType.IsPointer || field.FieldType.IsPrimitive || field.FieldType.IsEnum || field.FieldType == typeof(string)) continue;
                    if (IsOurs(field.FieldType) && !field.FieldType.ContainsGenericParameters) types.Add(field.FieldType);
                    if (field.FieldType.IsByRefLike) continue;
                    if (field.GetValue(item) is { } value)
                    {
                        if (IsOurs(value.GetType())) pending.Push(value);
                        else if (value is Delegate { Target: { } target }) pending.Push(target);
                        else if (value is object[] array) foreach (var element in array) if (element is not null) pending.Push(element);
                    }
                }
            }
        }
        foreach (var type in types)
        {
            if (type.ContainsGenericParameters || type.IsByRefLike && type.IsGenericType) continue;
            var arguments = type.IsGenericType ? type.GetGenericArguments().Select(a => a.TypeHandle).ToArray() : null;
            foreach (var method in type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)))
            {
                if (method.IsAbstract || method.ContainsGenericParameters || method.IsGenericMethod || (method.Attributes & MethodAttributes.PinvokeImpl) != 0) continue;
                try
                {
                    if (arguments is null) RuntimeHelpers.PrepareMethod(method.MethodHandle);
                    else RuntimeHelpers.PrepareMethod(method.MethodHandle, arguments);
                    prepared++;
                }
                catch (Exception e) when (e is ArgumentException or NotSupportedException or TypeLoadException or InvalidProgramException or PlatformNotSupportedException or EntryPointNotFoundException or DllNotFoundException)
                {
                    // Compiled at its first call then: the measured window opens after the first seconds.
                }
            }
        }
        return prepared;
    }

    private static bool IsOurs(Type type) => type.Namespace is { } n && (n == "Appliance" || n.StartsWith("Appliance.", StringComparison.Ordinal));
}
